import { Fragment } from "react";
import { isJumbo, pieces } from "../../lib/links.ts";

/** A message's text: links, inline styles, large emoji. Built from data, never from HTML. */
export function MessageText({ text }: { text: string }) {
  return (
    <span className={isJumbo(text) ? "text jumbo" : "text"} dir="auto">
      {pieces(text).map((piece, index) => {
        const key = index;
        switch (piece.kind) {
          case "link":
            return (
              <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                {piece.text}
              </a>
            );
          case "bold":
            return <b key={key}>{piece.text}</b>;
          case "italic":
            return <i key={key}>{piece.text}</i>;
          case "strike":
            return <s key={key}>{piece.text}</s>;
          case "code":
            return <code key={key}>{piece.text}</code>;
          default:
            return <Fragment key={key}>{piece.text}</Fragment>;
        }
      })}
    </span>
  );
}
