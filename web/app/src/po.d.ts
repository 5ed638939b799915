declare module "*.po" {
  export const messages: import("@lingui/core").Messages;
}

declare module "#connect" {
  export function connect(): Promise<import("@plauder/client/api").PlauderClient>;
}
