import { useMemo } from "react";
import { renderSVG } from "uqr";

/** A QR code: always dark on white, whatever the theme; its text stands beside it or is given as `label`. */
export function Qr({ text, label, size = 230 }: { text: string; label: string; size?: number }) {
  const url = useMemo(
    () =>
      `data:image/svg+xml,${encodeURIComponent(renderSVG(text, { border: 1, blackColor: "#13202b", whiteColor: "#ffffff" }))}`,
    [text],
  );
  return (
    <span className="inline-block rounded-[22px] bg-white p-3 shadow-1 ring-1 ring-line">
      <img src={url} alt={label} width={size} height={size} className="block max-w-full" />
    </span>
  );
}
