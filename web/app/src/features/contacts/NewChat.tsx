import { useLingui } from "@lingui/react/macro";
import type { ContactView } from "@plauder/client/api";
import { isPartOf } from "@plauder/client/core/numbers";
import { useNavigate } from "@tanstack/react-router";
import { QrCode, Search, Store, UserRoundPlus, UsersRound } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { internationalise, useShownNumber } from "../../lib/phone.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

const NewGroup = lazy(() => import("./NewGroup.tsx"));
const Scanner = lazy(() => import("../../ui/Scanner.tsx").then((module) => ({ default: module.Scanner })));

interface Props {
  startWith?: "find" | "group";
  onClose: () => void;
  onChat: (id: string) => void;
  onInvite: () => void;
}

/** Find someone by name, number or address; or make a group. */
export default function NewChat({ startWith = "find", onClose, onChat, onInvite }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const contacts = useLive(client.contacts.list) ?? [];
  const [mode, setMode] = useState<"find" | "group" | "scan">(startWith);
  const [query, setQuery] = useState("");
  const search = useDiscovery(query);
  const errorText = useErrorText();
  if (mode === "group")
    return (
      <Suspense>
        <NewGroup onClose={onClose} onChat={onChat} />
      </Suspense>
    );
  const needle = query.trim().toLocaleLowerCase();
  const known = contacts
    .filter(
      (one) =>
        !one.isBlocked &&
        (!needle || one.name.toLocaleLowerCase().includes(needle) || isPartOf(needle, one.number)),
    )
    .slice(0, 60);
  const choose = (one: ContactView) => {
    onClose();
    onChat(one.id);
  };
  const scanned = (text: string) => {
    const token = tokenIn(text);
    if (token) void navigate({ to: "/i/$token", params: { token } });
    else setQuery(text);
    setMode("find");
  };
  return (
    <Dialog title={mode === "scan" ? t`Scan a code` : t`New chat`} onClose={onClose}>
      {mode === "scan" ? (
        <Suspense fallback={<div className="skeleton enter-late h-28" />}>
          <Scanner onScan={scanned} pasteLabel={t`Or paste an invite link`} />
        </Suspense>
      ) : (
        <>
          <label className="find">
            <Search size={16} aria-hidden />
            <input
              autoFocus
              type="search"
              value={query}
              placeholder={t`Name, phone number or address`}
              aria-label={t`Name, phone number or address`}
              onChange={(event) => setQuery(event.currentTarget.value)}
            />
          </label>
          <div className="-mx-2 mt-2">
            {!needle && (
              <>
                <Action icon={UsersRound} label={t`New group`} onPress={() => setMode("group")} />
                <Action icon={QrCode} label={t`Scan a code`} onPress={() => setMode("scan")} />
                <Action icon={UserRoundPlus} label={t`Invite a friend`} onPress={onInvite} />
              </>
            )}
            {search.failed && (
              <p role="alert" className="banner danger mx-2 my-2">
                {errorText(search.failed)}
              </p>
            )}
            {search.found && <Person one={search.found} onPress={choose} />}
            {known
              .filter((one) => one.id !== search.found?.id)
              .map((one) => (
                <Person key={one.id} one={one} onPress={choose} />
              ))}
            {search.absent && (
              <div className="p-4 text-center">
                <p className="text-ink-2">{t`${search.absent} is not on Plauder yet.`}</p>
                <button type="button" className="btn primary mt-3" onClick={onInvite}>
                  {t`Invite a friend`}
                </button>
              </div>
            )}
            {needle && known.length === 0 && !search.found && !search.absent && !search.busy && (
              <p className="p-4 text-center text-ink-2">{t`Nobody has this name. A whole phone number finds people you do not know yet.`}</p>
            )}
          </div>
        </>
      )}
    </Dialog>
  );
}

/** Asks the network once the text is a whole number or address. Numbers travel scrambled. */
function useDiscovery(query: string) {
  const client = useClient();
  const { run, failed, busy } = useCommand();
  const [result, setResult] = useState<{ found?: ContactView; absent?: string }>({});
  useEffect(() => {
    setResult({});
    const text = query.trim();
    if (text.length < 5) return;
    let gone = false;
    const timer = setTimeout(async () => {
      const address = /^[^\s@]+@[^\s@]+$/u.test(text)
        ? text
        : await internationalise(text, client.profile.me.get()?.number);
      if (!address || gone) return;
      await run(async () => {
        const [one] = await client.contacts.discover([address]);
        if (!gone) setResult(one?.contact ? { found: one.contact } : { absent: address });
      });
    }, 350);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [query, client, run]);
  return { ...result, failed, busy };
}

function Action({ icon: Icon, label, onPress }: { icon: typeof Search; label: string; onPress: () => void }) {
  return (
    <button type="button" className="chat-row !min-h-13" onClick={onPress}>
      <span className="grid size-10 place-items-center rounded-full bg-brand-soft text-brand-strong">
        <Icon size={18} aria-hidden />
      </span>
      <span className="font-semibold">{label}</span>
    </button>
  );
}

function Person({ one, onPress }: { one: ContactView; onPress: (one: ContactView) => void }) {
  const { t } = useLingui();
  const number = useShownNumber(one.number);
  const hint = number && number !== one.name ? number : one.about;
  return (
    <button type="button" className="chat-row !min-h-13" onClick={() => onPress(one)}>
      <Avatar of={one.avatar} square={one.kind === "business"} size={40} />
      <span className="min-w-0 flex-1">
        <span className="line">
          <span className="name cut">{one.name}</span>
          {one.kind === "business" && (
            <Store size={14} className="text-plum" role="img" aria-label={t`Business`} />
          )}
        </span>
        {hint && <span className="preview cut !block">{hint}</span>}
      </span>
    </button>
  );
}

/** What an invite link carries. Codes that are scanned can hold anything. */
function tokenIn(text: string): string | undefined {
  const token = /\/(?:i|invite)[/#]([^/\s]+)$/u.exec(text)?.[1];
  try {
    return token && decodeURIComponent(token);
  } catch {
    return undefined;
  }
}
