import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { InviteView, NetworkInfo } from "@plauder/client/api";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { online, useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { deviceName, useShownNumber } from "../../lib/phone.ts";
import { useRoles } from "../../lib/roles.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { FrontPage } from "../../ui/FrontPage.tsx";
import { useProblem } from "../../ui/Problem.tsx";

/** Somebody's link: who it leads to, and one button. */
export function Invite() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const { token } = useParams({ from: "/i/$token" });
  const session = useLive(client.session.state);
  const [invite, setInvite] = useState<InviteView>();
  const [network, setNetwork] = useState<NetworkInfo>();
  const [name, setName] = useState("");
  const look = useCommand();
  const accept = useCommand();
  const problem = useProblem(accept);
  const errorText = useErrorText();
  const role = useRoles();
  const { run } = look;
  useEffect(() => {
    void run(async () => setInvite(await client.session.invite(token)));
    void client.session
      .network()
      .then(setNetwork)
      .catch(() => {
        // Then registration by number is offered.
      });
  }, [client, token, run]);

  const ready = session.kind === "ready";
  const byInvite = network?.registration === "invite";
  const isNumber = invite?.name.startsWith("+") ?? false;
  const number = useShownNumber(isNumber ? invite?.name : undefined);
  const who = number ?? invite?.name ?? "";
  const asksName = byInvite && invite?.kind !== "device";
  const go = () =>
    accept.run(async () => {
      // Who comes by a link has just opened the app, and may be quicker than its connection.
      if (ready) await online(client);
      const { chat, business } = await client.session.acceptInvite(token, {
        deviceName: deviceName(),
        ...(ready ? {} : { name: name.trim() }),
      });
      if (business) return navigate({ to: "/business/$business", params: { business } });
      await navigate(chat ? { to: "/chats/$chat", params: { chat } } : { to: "/chats" });
    });
  if (look.failed)
    return (
      <main id="main" className="grid h-dvh bg-ground">
        <Empty
          alone
          icon={<TriangleAlert size={28} className="text-danger" aria-hidden />}
          title={t`This invite cannot be used`}
          action={
            <Link to="/chats" className="btn primary no-underline">
              {t`To my chats`}
            </Link>
          }
        >
          {errorText(look.failed, look.details)}
        </Empty>
      </main>
    );
  return (
    <FrontPage domain={network?.domain}>
      <main id="main" className="grid w-full flex-1 place-items-center pb-16">
        {invite ? (
          <form
            className="flex w-full max-w-[400px] flex-col items-center gap-3 rounded-[32px] bg-surface p-8 text-center shadow-2 ring-1 ring-line"
            onSubmit={(event) => {
              event.preventDefault();
              void go();
            }}
          >
            <Avatar
              of={invite.avatar ?? { initials: invite.name.slice(0, 1).toUpperCase(), color: 3 }}
              size={112}
            />
            <h1 className="mt-2 text-balance text-3xl font-bold tracking-[-.028em]">
              {invite.kind === "group"
                ? t`Join ${invite.name}`
                : invite.kind === "device"
                  ? t`Continue as ${who}`
                  : invite.kind === "team"
                    ? t`Join the team of ${who}`
                    : t`${who} invites you`}
            </h1>
            {invite.members !== undefined && (
              <p className="text-balance text-ink-2">
                <Plural value={invite.members} one="# member" other="# members" />
              </p>
            )}
            {invite.kind === "team" && (
              <p className="text-balance text-ink-2">
                {t`Your role there: ${role(invite.role ?? "")}. Your own chats stay yours.`}
              </p>
            )}
            {invite.kind === "device" && (
              <p className="text-balance text-ink-2">
                <Trans>This link signs this browser in, once. Its messages are encrypted for it alone.</Trans>
              </p>
            )}
            {invite.kind === "person" && !ready && (
              <p className="text-balance text-ink-2">
                <Trans>
                  Messages, calls and groups, encrypted between the two of you. Nothing to install.
                </Trans>
              </p>
            )}
            {!ready && asksName && (
              <label className="field w-full text-start">
                <span className="label">{t`Your name`}</span>
                <input
                  className="input big"
                  autoComplete="name"
                  maxLength={100}
                  dir="auto"
                  {...problem.field}
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                />
              </label>
            )}
            {problem.shown}
            {ready || byInvite || invite.kind === "device" ? (
              <button
                type="submit"
                className="btn primary large mt-4"
                disabled={accept.busy || (!ready && asksName && !name.trim())}
              >
                {invite.kind === "group"
                  ? t`Join group`
                  : invite.kind === "team"
                    ? t`Join the team`
                    : t`Start chatting`}
              </button>
            ) : (
              <Link
                to="/welcome"
                search={{ next: `/i/${token}` }}
                className="btn primary large mt-4 no-underline"
              >
                {t`Register to continue`}
              </Link>
            )}
          </form>
        ) : (
          <div className="skeleton enter-late h-[360px] w-full max-w-[400px] rounded-[32px]" />
        )}
      </main>
    </FrontPage>
  );
}
