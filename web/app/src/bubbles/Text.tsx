import type { Mention } from "@plauder/client/api";
import { Fragment, type ReactNode } from "react";
import { isJumbo, pieces } from "../lib/links.ts";

interface Props {
  text: string;
  /** In order, none over another. */
  mentions?: readonly Mention[] | undefined;
}

/** A message's text: links, inline styles, people named, large emoji. Built from data, never from HTML. */
export function MessageText({ text, mentions = [] }: Props) {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const { id, begin, end } of mentions) {
    if (begin > from) parts.push(<Pieces key={from} text={text.slice(from, begin)} />);
    parts.push(
      <b key={`${begin}-${id}`} className="mention">
        {text.slice(begin, end)}
      </b>,
    );
    from = end;
  }
  if (from < text.length) parts.push(<Pieces key={from} text={text.slice(from)} />);
  return (
    <span className={isJumbo(text) ? "text jumbo" : "text"} dir="auto">
      {parts}
    </span>
  );
}

function Pieces({ text }: { text: string }) {
  return (
    <>
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
    </>
  );
}
