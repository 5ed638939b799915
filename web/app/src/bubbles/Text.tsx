import type { Mention } from "@plauder/client/api";
import { Fragment, type ReactNode } from "react";
import { blocks, isJumbo, pieces } from "../lib/links.ts";

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
  // Who is named stands in a line; where nobody is, lines may be quotes and code.
  if (from === 0) parts.push(<Blocks key="all" text={text} />);
  else if (from < text.length) parts.push(<Pieces key={from} text={text.slice(from)} />);
  return (
    <span className={isJumbo(text) ? "text jumbo" : "text"} dir="auto">
      {parts}
    </span>
  );
}

function Blocks({ text }: { text: string }) {
  return (
    <>
      {blocks(text).map((block, index) => {
        const key = index;
        if (block.kind === "code")
          return (
            <code key={key} className="block">
              {block.text}
            </code>
          );
        const inside = <Pieces key={key} text={block.text} />;
        if (block.kind === "text") return inside;
        return (
          <q key={key} className="block">
            {inside}
          </q>
        );
      })}
    </>
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
