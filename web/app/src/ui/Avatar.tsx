import type { AvatarRef } from "@plauder/client/api";

/** Soft grounds with ink on them: each pair is at least 7:1. */
const GROUNDS = [
  ["#cfe6ef", "#0d3a4d"],
  ["#ffd9c7", "#5b1c05"],
  ["#dff2e3", "#143d26"],
  ["#f1e0f4", "#44154c"],
  ["#fdecc2", "#4c3200"],
  ["#dfe3f7", "#1f2a63"],
  ["#fbdfe0", "#661517"],
  ["#d6f0ec", "#0d4039"],
  ["#ece5d8", "#43341a"],
  ["#e4eecb", "#33420c"],
  ["#e2e6ea", "#2b3742"],
  ["#ffe0ee", "#63103a"],
] as const;

interface Props {
  of: AvatarRef;
  /** Businesses and channels are soft squares. */
  square?: boolean;
  size?: number;
  online?: boolean;
}

export function Avatar({ of, square = false, size = 46, online = false }: Props) {
  const [ground, ink] = GROUNDS[of.color % GROUNDS.length] ?? GROUNDS[0];
  return (
    <span className="relative flex-none" aria-hidden="true">
      <span
        className={square ? "avatar square" : "avatar"}
        // Drawn, not written: initials are a picture of the name beside them, not a label of their own.
        data-initials={of.url ? undefined : of.initials}
        style={{
          width: size,
          height: size,
          fontSize: size * 0.36,
          ...(of.url ? {} : { background: ground, color: ink }),
        }}
      >
        {of.url && <img src={of.url} alt="" draggable={false} />}
      </span>
      {online && <span className="online-dot" />}
    </span>
  );
}
