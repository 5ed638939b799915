import { useLingui } from "@lingui/react/macro";

export function KeyTable() {
  const { t } = useLingui();
  const mod = /Mac|iPhone|iPad/u.test(navigator.userAgent) ? "⌘" : "Ctrl";
  const keys: [string[], string][] = [
    [[mod, "K"], t`Find chats, people and messages`],
    [[mod, "N"], t`New chat`],
    [[mod, "F"], t`Search in this chat`],
    [["Alt", "↑", "↓"], t`Previous, next chat`],
    [["Alt", "Shift", "↓"], t`Next unread chat`],
    [["↑", "↓", "Home", "End"], t`Move between messages`],
    [["R"], t`Reply to the focused message`],
    [["E"], t`React to it`],
    [["D"], t`Where is it?`],
    [["F"], t`Forward it`],
    [["Enter"], t`Send; on a message: its menu`],
    [["Shift", "Enter"], t`New line`],
    [[mod, "B", "I"], t`Bold, italic`],
    [[mod, "Shift", "X"], t`Struck through`],
    [["↑"], t`In the empty field: edit my last message`],
    [["Esc"], t`Close, then to the messages or back to the field`],
    [["F6"], t`Next part of the window`],
    [["?"], t`This list`],
  ];
  return (
    <dl className="grid grid-cols-[auto_1fr] items-center gap-x-5 gap-y-2">
      {keys.map(([combination, act]) => (
        <div key={act} className="contents">
          <dt className="flex flex-wrap gap-1">
            {combination.map((key) => (
              <kbd key={key} className="kbd">
                {key}
              </kbd>
            ))}
          </dt>
          <dd>{act}</dd>
        </div>
      ))}
    </dl>
  );
}
