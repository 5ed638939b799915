import { Plural, useLingui } from "@lingui/react/macro";
import { Link, Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import {
  ChevronDown,
  CreditCard,
  FlaskConical,
  LayoutTemplate,
  Menu as MenuIcon,
  MessageCircle,
  Phone,
  Plug,
  ScrollText,
  Store,
  Users,
} from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useAttention } from "../../app/useAttention.ts";
import { Empty } from "../../ui/Empty.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { Logo } from "../../ui/Logo.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { PlaceContext, useAsk, useProblem } from "./ask.ts";
import type { BusinessRow, Overview } from "./model.ts";
import "./business.css";

/** The frame of a business's screens: navigation beside, or in a drawer, and the screen. */
export function Frame() {
  const { t } = useLingui();
  const { business } = useParams({ from: "/business/$business" });
  const base = `/${business}`;
  const { value, error, reload } = useAsk<Overview>(base);
  const problem = useProblem();
  const path = useLocation({ select: (location) => location.pathname });
  const [open, setOpen] = useState(false);
  useAttention();
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the drawer
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [open]);
  const place = useMemo(() => value && { overview: value, base, reload }, [value, base, reload]);
  return (
    <div className="biz">
      <a
        href="#main"
        className="sr focus:not-sr-only focus:absolute focus:z-60 focus:m-2 focus:rounded-md focus:bg-surface focus:p-3"
      >
        {t`Skip to the page`}
      </a>
      <header className="biz-top">
        <IconButton label={t`Menu`} aria-expanded={open} onClick={() => setOpen(!open)}>
          <MenuIcon size={22} strokeWidth={1.75} />
        </IconButton>
        <span className="cut flex-1 font-[650]">{value?.name}</span>
      </header>
      {open && <div className="biz-scrim" aria-hidden="true" onClick={() => setOpen(false)} />}
      <Side open={open} overview={value} business={business} />
      <main className="biz-main" id="main" tabIndex={-1}>
        {error && !value && (
          <Empty
            alone
            title={problem(error)}
            action={<Link to="/business" className="btn secondary">{t`My businesses`}</Link>}
          />
        )}
        {place && (
          <PlaceContext value={place}>
            <Outlet />
          </PlaceContext>
        )}
      </main>
    </div>
  );
}

function Side({
  open,
  overview,
  business,
}: {
  open: boolean;
  overview: Overview | undefined;
  business: string;
}) {
  const { t } = useLingui();
  const may = (act: string) => overview?.may.includes(act) ?? false;
  const icon = { size: 18, strokeWidth: 1.75, "aria-hidden": true } as const;
  const dead = overview?.deliveries.dead ?? 0;
  const item = "biz-item";
  const params = { business };
  return (
    <nav className="biz-side" data-open={open} aria-label={t`Business`}>
      <Link to="/business" className="biz-brand">
        <Logo size={28} />
        <span className="biz-word text-xl font-bold tracking-[-.03em]">plauder</span>
        <span className="biz-word tag !bg-plum-soft !text-plum">{t`Business`}</span>
        <span className="sr">{t`My businesses`}</span>
      </Link>
      <Switcher overview={overview} />
      <Link to="/business/$business" params={params} activeOptions={{ exact: true }} className={item}>
        <Plug {...icon} />
        <span className="biz-word">{t`API and keys`}</span>
      </Link>
      <Link to="/business/$business/sandbox" params={params} className={item}>
        <FlaskConical {...icon} />
        <span className="biz-word">{t`Sandbox`}</span>
      </Link>
      <Link to="/business/$business/templates" params={params} className={item}>
        <LayoutTemplate {...icon} />
        <span className="biz-word">{t`Templates`}</span>
      </Link>
      {may("journal") && (
        <Link to="/business/$business/journal" params={params} className={item}>
          <ScrollText {...icon} />
          <span className="biz-word flex-1">{t`Journal`}</span>
          {dead > 0 && (
            <span className="badge">
              <span aria-hidden="true">{dead}</span>
              <span className="sr">
                <Plural value={dead} one="# webhook was given up" other="# webhooks were given up" />
              </span>
            </span>
          )}
        </Link>
      )}
      <Link to="/business/$business/numbers" params={params} className={item}>
        <Phone {...icon} />
        <span className="biz-word">{t`Numbers`}</span>
      </Link>
      <Link to="/business/$business/team" params={params} className={item}>
        <Users {...icon} />
        <span className="biz-word">{t`Team`}</span>
      </Link>
      {may("money") && (
        <Link to="/business/$business/billing" params={params} className={item}>
          <CreditCard {...icon} />
          <span className="biz-word">{t`Usage and bills`}</span>
        </Link>
      )}
      <span className="flex-1" />
      <Link to="/chats" className={item}>
        <MessageCircle {...icon} />
        <span className="biz-word">{t`Back to my chats`}</span>
      </Link>
    </nav>
  );
}

function Switcher({ overview }: { overview: Overview | undefined }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const { value } = useAsk<readonly BusinessRow[]>("");
  return (
    <Menu
      align="start"
      entries={[
        ...(value ?? []).map((row) => ({
          label: row.name,
          icon: Store,
          onSelect: () => void navigate({ to: "/business/$business", params: { business: row.id } }),
        })),
        { label: t`All businesses`, line: true, onSelect: () => void navigate({ to: "/business" }) },
      ]}
    >
      <button type="button" className="biz-switch">
        <span className="sr">{t`Business`}</span>
        <span className="biz-mark" aria-hidden="true">
          {overview?.name.slice(0, 1).toLocaleUpperCase()}
        </span>
        <span className="biz-word cut flex-1 font-[620]">{overview?.name}</span>
        <ChevronDown size={16} className="biz-word text-ink-2" aria-hidden />
      </button>
    </Menu>
  );
}
