/** What every JavaScript runtime we run in has, and ES2023's library does not declare. */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  decode(bytes?: Uint8Array): string;
}
declare function btoa(binary: string): string;
declare function atob(text: string): string;
