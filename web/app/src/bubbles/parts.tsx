/** What messages of businesses are made of: headings, rows to tap, answers given. */

import { useLingui } from "@lingui/react/macro";
import type { BusinessHeader, BusinessReply, FormOffer, FormRequest } from "@plauder/client/api";
import {
  Check,
  Copy,
  ExternalLink,
  FileText,
  ImageOff,
  type LucideIcon,
  MapPin,
  Play,
  Reply,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { toast } from "../ui/Toaster.tsx";
import { isChosen } from "./chosen.ts";

/** Where answers go; one per message. */
export interface Desk {
  /** Who answers; unknown without a number. */
  readonly me: { readonly name: string; readonly number: string } | undefined;
  /** Where the person is, when nobody needs to ask the browser. */
  readonly place?: { readonly latitude: number; readonly longitude: number };
  /** What was answered already, if anything. */
  readonly given: string | undefined;
  /** Which button that was, "card.button"; unknown for answers by other means. */
  readonly pressed: string | undefined;
  answer(reply: BusinessReply, said?: string): void;
  press(reply: BusinessReply, place: string): void;
  form(offer: FormOffer, ask: FormRequest): Promise<Readonly<Record<string, unknown>>>;
}

const PAGES = ["https:", "http:"];
const PICTURES = [...PAGES, "data:", "blob:"];

function safe(url: string | undefined, protocols: readonly string[]): string | undefined {
  try {
    const parsed = new URL(url ?? "", location.origin);
    return url && protocols.includes(parsed.protocol) ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

export const page = (url: string | undefined): string | undefined => safe(url, PAGES);

/** The server keeps pictures of businesses on its own origin; others the page may not load. */
export function picture(url: string | undefined): string | undefined {
  const found = safe(url, PICTURES);
  if (!found?.startsWith("http")) return found;
  const { pathname, search } = new URL(found);
  return pathname.startsWith("/media/business/") ? pathname + search : found;
}

export function Picture({ link, alt, className }: { link: string; alt: string; className: string }) {
  const { t } = useLingui();
  const [failed, setFailed] = useState(false);
  if (failed)
    return (
      <div className={`${className} biz-gone`}>
        <ImageOff size={20} aria-hidden /> {t`This picture is no longer there`}
      </div>
    );
  return <img src={link} alt={alt} className={className} onError={() => setFailed(true)} />;
}

const ACROSS = "-mx-3 -mt-2.5 mb-2 block aspect-[1.9] w-[calc(100%+24px)] max-w-none object-cover";

export function Header({ of }: { of: BusinessHeader | undefined }) {
  const { t } = useLingui();
  if (!of) return null;
  if (of.type === "text") return <div className="mb-1 text-md font-[660]">{of.text}</div>;
  const link = picture(of.link);
  if (of.type === "image" && link)
    return <Picture link={link} alt={of.text ?? t`Picture of this message`} className={ACROSS} />;
  if (of.type === "video" && link)
    return (
      // biome-ignore lint/a11y/useMediaCaption: films of businesses come without captions
      <video
        className={`${ACROSS} bg-black`}
        src={link}
        controls
        preload="metadata"
        aria-label={t`Video of this message`}
      />
    );
  const place = of.place && `geo:${of.place.latitude},${of.place.longitude}`;
  const href = of.type === "location" ? place : page(of.link);
  const Icon = { location: MapPin, video: Play, document: FileText, image: FileText }[of.type];
  const names = { location: t`Location`, video: t`Video`, document: t`Document`, image: t`Photo` };
  const inside = (
    <>
      <span className="file-icon">
        <Icon size={18} aria-hidden />
      </span>
      <span className="cut">{of.filename ?? of.text ?? names[of.type]}</span>
    </>
  );
  const className = "mb-2 flex items-center gap-3 text-sm";
  if (!href) return <div className={className}>{inside}</div>;
  return (
    <a className={className} href={href} target="_blank" rel="noopener noreferrer" download={of.filename}>
      {inside}
    </a>
  );
}

/** One tap is the answer; what was answered stays marked. */
export function AnswerRow(props: { title: string; place: string; reply: BusinessReply; desk: Desk }) {
  const { title, place, reply, desk } = props;
  const chosen = isChosen(desk, { title, place });
  return (
    <button
      type="button"
      className="btn-row"
      disabled={desk.given !== undefined}
      data-chosen={chosen}
      onClick={() => desk.press(reply, place)}
    >
      {chosen ? <Check size={16} aria-hidden /> : <Reply size={16} aria-hidden />} {title}
    </button>
  );
}

/** Something to do until there is an answer. */
export function TapRow(props: {
  icon: LucideIcon;
  desk: Desk;
  busy?: boolean;
  onTap: () => void;
  children: ReactNode;
}) {
  const { icon: Icon, desk, busy = false, onTap, children } = props;
  return (
    <button type="button" className="btn-row" disabled={busy || desk.given !== undefined} onClick={onTap}>
      <Icon size={16} aria-hidden /> {children}
    </button>
  );
}

export function LinkRow({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a className="btn-row" href={href} target="_blank" rel="noopener noreferrer" title={href}>
      <ExternalLink size={16} aria-hidden /> {children}
    </a>
  );
}

export function CopyRow({ value, children }: { value: string; children: ReactNode }) {
  const { t } = useLingui();
  const copy = () => void navigator.clipboard.writeText(value).then(() => toast({ text: t`Copied` }));
  return (
    <button type="button" className="btn-row" onClick={copy}>
      <Copy size={16} aria-hidden /> {children}
    </button>
  );
}

export function Footer({ text }: { text: string | undefined }) {
  return text ? <div className="mt-1 text-xs text-ink-2">{text}</div> : null;
}
