import { resolve, type Scope, text, type Values } from "./form.ts";
import { MessageText } from "./Text.tsx";

/** What a form says and shows. Pictures carry themselves: none is fetched. */
export function FormText({ of, scope }: { of: Values; scope: Scope }) {
  const found = resolve(of.text, scope);
  const words = Array.isArray(found) ? found.map(text).join("\n") : text(found);
  switch (of.type) {
    case "TextHeading":
      return <h3 className="text-2xl font-[690] tracking-[-.02em]">{words}</h3>;
    case "TextSubheading":
      return <h4 className="text-lg font-[650]">{words}</h4>;
    case "TextBody":
    case "RichText":
      return (
        <p className="whitespace-pre-line text-md">
          <MessageText text={words} />
        </p>
      );
    case "TextCaption":
      return <p className="whitespace-pre-line text-sm text-ink-2">{words}</p>;
    case "Image":
      return <Picture src={text(resolve(of.src, scope))} alt={text(resolve(of["alt-text"], scope))} />;
    case "ImageCarousel": {
      const images = resolve(of.images, scope);
      return (
        <div className="flex snap-x gap-2 overflow-x-auto">
          {(Array.isArray(images) ? (images as readonly Values[]) : []).map((one, index) => (
            <Picture key={index} src={text(one?.src)} alt={text(one?.["alt-text"])} />
          ))}
        </div>
      );
    }
    default:
      return null;
  }
}

const KINDS: readonly (readonly [string, string])[] = [
  ["/9j/", "jpeg"],
  ["iVBOR", "png"],
  ["UklGR", "webp"],
  ["R0lGO", "gif"],
];

/** Base64, with or without the words before it. */
function Picture({ src, alt }: { src: string; alt: string }) {
  const data = src.replace(/^data:image\/[a-z+]+;base64,/u, "");
  const kind = KINDS.find(([magic]) => data.startsWith(magic))?.[1];
  if (!kind || !/^[A-Za-z0-9+/=\s]+$/u.test(data)) return null;
  return (
    <img
      className="max-h-64 max-w-full snap-start self-center rounded-xl"
      src={`data:image/${kind};base64,${data}`}
      alt={alt}
    />
  );
}
