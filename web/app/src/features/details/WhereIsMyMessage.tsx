import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, DeviceDelivery, MessageDetails } from "@plauder/client/api";
import { Globe, Laptop, MonitorSmartphone, Smartphone } from "lucide-react";
import { useLiveOf } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { PaneClose } from "../../ui/PaneClose.tsx";
import { Tick } from "../../ui/Tick.tsx";
import { ChatFacts } from "./ChatFacts.tsx";

interface Props {
  chat: ChatView;
  message: string;
  onClose: () => void;
  onMedia: () => void;
  onInfo: () => void;
}

/** Every state of a message, with its time, down to each device. */
export default function WhereIsMyMessage({ chat, message, onClose, onMedia, onInfo }: Props) {
  const { t } = useLingui();
  const wording = useWording();
  const details = useLiveOf((client) => client.conversation(chat.id).details(message), [chat.id, message]);
  const receiver = details?.receivers.length === 1 ? details.receivers[0] : undefined;
  const first = chat.name.split(" ")[0] ?? chat.name;
  return (
    <aside className="details" aria-label={t`Where is my message?`}>
      <header>
        <h2>{t`Where is my message?`}</h2>
        <PaneClose onClose={onClose} />
      </header>
      {details && (
        <>
          <div className="mini" dir="auto">
            {wording.content(details.message.content)}
          </div>
          <Timeline details={details} first={first} />
          {receiver && receiver.devices.length > 0 && (
            <>
              <h3 className="sect">{t`${first}’s devices`}</h3>
              {receiver.devices.map((device) => (
                <Device key={device.id} device={device} />
              ))}
            </>
          )}
          {!receiver && (
            <>
              <h3 className="sect">{t`Members`}</h3>
              {details.receivers.map((one) => (
                <div key={one.id} className="flex items-center gap-3 py-2">
                  <Avatar of={one.avatar} size={36} />
                  <span className="cut flex-1 font-semibold">{one.name}</span>
                  <Tick state={one.tick} />
                </div>
              ))}
            </>
          )}
        </>
      )}
      <ChatFacts chat={chat} onMedia={onMedia} onInfo={onInfo} />
    </aside>
  );
}

function Timeline({ details, first }: { details: MessageDetails; first: string }) {
  const { t } = useLingui();
  const format = useFormat();
  const errorText = useErrorText();
  const { message, sentAt, deliveredAt, readAt, receivers } = details;
  const devices = receivers.length === 1 ? (receivers[0]?.devices ?? []) : [];
  const have = devices.filter((one) => one.deliveredAt !== undefined).length;
  const got = receivers.filter((one) => one.deliveredAt !== undefined).length;
  const when = (at: number) => <span className="t num">{format.exact(at)}</span>;
  if (message.tick === "failed")
    return (
      <ul className="timeline">
        <li>
          <Tick state="failed" silent />
          <b>{t`Not sent`}</b>
          <span className="text-sm text-ink-2">{errorText(message.failure?.code ?? "internal")}</span>
        </li>
      </ul>
    );
  return (
    <ul className="timeline">
      {sentAt === undefined ? (
        <li>
          <Tick state="waiting" silent />
          <b>{t`Waiting`}</b>
          <span className="text-sm text-ink-2">{t`On this device. It goes out as soon as there is a connection.`}</span>
        </li>
      ) : (
        <li>
          <Tick state="sent" silent />
          <b>{t`Sent`}</b>
          {when(sentAt)}
          <span className="text-sm text-ink-2">{t`Safe on the server, encrypted`}</span>
        </li>
      )}
      {deliveredAt === undefined ? (
        sentAt !== undefined && (
          <li>
            <span className="opacity-55">
              <Tick state="delivered" silent />
            </span>
            <b className="text-ink-2">{t`Not delivered yet`}</b>
            <span className="text-sm text-ink-2">{t`No device of ${first} was online since`}</span>
          </li>
        )
      ) : (
        <li>
          <Tick state="delivered" silent />
          <b>{t`Delivered`}</b>
          {when(deliveredAt)}
          <span className="text-sm text-ink-2">
            {devices.length > 0 ? (
              <Plural
                value={devices.length}
                one={`On ${first}’s device`}
                other={`On ${have} of ${first}’s # devices`}
              />
            ) : (
              receivers.length > 1 && (
                <Trans>
                  To {got} of {receivers.length} members
                </Trans>
              )
            )}
          </span>
        </li>
      )}
      {readAt !== undefined ? (
        <li>
          <Tick state="read" silent />
          <b>{t`Read`}</b>
          {when(readAt)}
        </li>
      ) : (
        deliveredAt !== undefined && (
          <li>
            <span className="opacity-55 grayscale">
              <Tick state="read" silent />
            </span>
            <b className="text-ink-2">{t`Not read yet`}</b>
            <span className="text-sm text-ink-2">
              {details.sharesReceipts
                ? t`${first} shares read receipts with you`
                : t`Read receipts are off, so we cannot know`}
            </span>
          </li>
        )
      )}
    </ul>
  );
}

const ICONS = { phone: Smartphone, computer: Laptop, browser: Globe, other: MonitorSmartphone } as const;

function Device({ device }: { device: DeviceDelivery }) {
  const { t } = useLingui();
  const format = useFormat();
  const Icon = ICONS[device.kind];
  const names = { phone: t`Phone`, computer: t`Computer`, browser: t`Browser`, other: t`Device` };
  const { deliveredAt, offlineSince, keptUntil } = device;
  const kept = keptUntil === undefined ? "" : t`Kept until ${format.date(keptUntil)}`;
  const state =
    deliveredAt !== undefined
      ? t`Has it since ${format.exact(deliveredAt)}`
      : [offlineSince === undefined ? t`Offline` : t`Offline since ${format.time(offlineSince)}.`, kept]
          .filter(Boolean)
          .join(" ");
  return (
    <div className="flex items-center gap-3 py-2.5">
      <span className="grid size-9 flex-none place-items-center rounded-[11px] bg-surface-3 text-ink-2">
        <Icon size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block font-semibold">{device.name ?? names[device.kind]}</span>
        <span className="block text-xs text-ink-2">{state}</span>
      </span>
      <Tick state={deliveredAt === undefined ? "waiting" : "delivered"} />
    </div>
  );
}
