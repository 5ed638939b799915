import { useLingui } from "@lingui/react/macro";
import type { BusinessContact } from "@plauder/client/api";
import { Cake, Globe, Mail, MapPin, Phone, UserRound } from "lucide-react";
import type { ReactNode } from "react";
import { page } from "./parts.tsx";

/** Cards of people or places: name, work, and every way to reach them. */
export function Contacts({ of }: { of: readonly BusinessContact[] }) {
  return of.map((one, index) => <ContactCard key={index} of={one} />);
}

function ContactCard({ of }: { of: BusinessContact }) {
  const { t } = useLingui();
  return (
    <section className="biz-card" aria-label={t`Contact: ${of.name}`}>
      <div className="pad flex items-center gap-3">
        <span className="file-icon">
          <UserRound size={20} aria-hidden />
        </span>
        <span className="min-w-0">
          <b className="block font-semibold">{of.name}</b>
          {of.work && <span className="block text-sm text-ink-2">{of.work}</span>}
        </span>
      </div>
      {of.phones.map(({ phone, kind }) => (
        <Line
          key={phone}
          icon={<Phone size={16} aria-hidden />}
          href={`tel:${phone.replace(/[^+\d]/gu, "")}`}
          hint={kind}
        >
          {phone}
        </Line>
      ))}
      {of.emails.map((email) => (
        <Line key={email} icon={<Mail size={16} aria-hidden />} href={`mailto:${encodeURIComponent(email)}`}>
          {email}
        </Line>
      ))}
      {of.urls.map((url) => (
        <Line
          key={url}
          icon={<Globe size={16} aria-hidden />}
          href={page(/^https?:/iu.test(url) ? url : `https://${url}`)}
        >
          {url}
        </Line>
      ))}
      {of.addresses.map((address) => (
        <Line key={address} icon={<MapPin size={16} aria-hidden />}>
          {address}
        </Line>
      ))}
      {of.birthday && <Line icon={<Cake size={16} aria-hidden />}>{of.birthday}</Line>}
    </section>
  );
}

function Line(props: {
  icon: ReactNode;
  href?: string | undefined;
  hint?: string | undefined;
  children: string;
}) {
  const { icon, href, hint, children } = props;
  const inside = (
    <>
      {icon}
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{children}</span>
      {hint && <span className="text-xs text-ink-2 lowercase">{hint}</span>}
    </>
  );
  const className = "btn-row !justify-start !text-start !font-medium";
  if (!href) return <div className={`${className} !text-ink`}>{inside}</div>;
  return (
    <a className={className} href={href} target="_blank" rel="noopener noreferrer">
      {inside}
    </a>
  );
}
