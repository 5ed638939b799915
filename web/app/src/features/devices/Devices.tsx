import { Trans, useLingui } from "@lingui/react/macro";
import type { DeviceView } from "@plauder/client/api";
import {
  Globe,
  Laptop,
  MonitorSmartphone,
  MoreVertical,
  Pencil,
  QrCode,
  Smartphone,
  Unlink,
} from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { dayAndTime, useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { useProblem } from "../../ui/Problem.tsx";

const LinkDevice = lazy(() => import("./LinkDevice.tsx"));

/** Where my account is, and a way to add another place. */
export function Devices() {
  const { t } = useLingui();
  const { devices } = useClient();
  const list = useLive(devices.list) ?? [];
  const command = useCommand();
  const errorText = useErrorText();
  const [open, setOpen] = useState<{ kind: "link" } | { kind: "rename" | "remove"; device: DeviceView }>();
  const close = () => setOpen(undefined);
  return (
    <Page title={t`Linked devices`}>
      <button type="button" className="btn primary large" onClick={() => setOpen({ kind: "link" })}>
        <QrCode size={20} aria-hidden /> {t`Link a device`}
      </button>
      {command.failed && (
        <p role="alert" className="banner danger">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <Group
        title={t`Your devices`}
        hint={t`Each device has keys of its own. An unlinked one loses access at once.`}
      >
        {list.map((device) => (
          <Row
            key={device.id}
            device={device}
            onRename={() => setOpen({ kind: "rename", device })}
            onRemove={() => setOpen({ kind: "remove", device })}
          />
        ))}
      </Group>
      <Suspense>{open?.kind === "link" && <LinkDevice onClose={close} />}</Suspense>
      {open?.kind === "rename" && <Rename device={open.device} onClose={close} />}
      {open?.kind === "remove" && (
        <Confirm
          title={t`Unlink ${open.device.name}?`}
          action={t`Unlink`}
          danger
          onClose={close}
          onConfirm={() => void command.run(() => devices.remove(open.device.id))}
        >
          {t`It is logged out and its messages are erased as soon as it is online.`}
        </Confirm>
      )}
    </Page>
  );
}

const ICONS = { phone: Smartphone, computer: Laptop, browser: Globe, other: MonitorSmartphone } as const;

function Row({
  device,
  onRename,
  onRemove,
}: {
  device: DeviceView;
  onRename: () => void;
  onRemove: () => void;
}) {
  const { t } = useLingui();
  const format = useFormat();
  const now = useNow();
  const Icon = ICONS[device.kind];
  return (
    <div className="setting">
      <Icon size={22} strokeWidth={1.75} className="lead" aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="cut block font-semibold">{device.name}</span>
        <span className="block text-sm text-ink-2">
          {device.current ? (
            <Trans>This device</Trans>
          ) : device.online ? (
            <Trans>online</Trans>
          ) : device.lastActive !== undefined ? (
            t`last seen ${dayAndTime(format, device.lastActive, now)}`
          ) : (
            device.linkedAt !== undefined && t`linked ${format.date(device.linkedAt)}`
          )}
        </span>
      </span>
      <Menu
        entries={[
          { label: t`Rename`, icon: Pencil, onSelect: onRename },
          !device.current && { label: t`Unlink`, icon: Unlink, danger: true, onSelect: onRemove },
        ]}
      >
        <IconButton label={t`Actions for ${device.name}`}>
          <MoreVertical size={18} />
        </IconButton>
      </Menu>
    </div>
  );
}

function Rename({ device, onClose }: { device: DeviceView; onClose: () => void }) {
  const { t } = useLingui();
  const { devices } = useClient();
  const [name, setName] = useState(device.name);
  const command = useCommand();
  const problem = useProblem(command);
  const save = async () => {
    if (await command.run(() => devices.rename(device.id, name.trim()))) onClose();
  };
  return (
    <Dialog
      title={t`Rename device`}
      onClose={onClose}
      actions={
        <button type="button" className="btn primary" disabled={!name.trim() || command.busy} onClick={save}>
          {t`Save`}
        </button>
      }
    >
      <label className="field">
        <span className="label">{t`Name`}</span>
        <input
          className="input"
          value={name}
          maxLength={60}
          dir="auto"
          {...problem.field}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {problem.shown}
    </Dialog>
  );
}
