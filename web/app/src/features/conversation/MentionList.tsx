import { useLingui } from "@lingui/react/macro";
import type { GroupMember } from "@plauder/client/api";
import { Avatar } from "../../ui/Avatar.tsx";

interface Props {
  id: string;
  people: readonly GroupMember[];
  active: number;
  onPick: (person: GroupMember) => void;
}

/** Who could be meant, above the field that is typed in; the field keeps the focus. */
export function MentionList({ id, people, active, onPick }: Props) {
  const { t } = useLingui();
  return (
    <div id={id} role="listbox" aria-label={t`People in this group`} className="mention-list">
      {people.map((person, index) => (
        <div
          key={person.id}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className="menu-item"
          data-highlighted={index === active ? "" : undefined}
          // The field must not lose the focus to the list.
          onPointerDown={(event) => {
            event.preventDefault();
            onPick(person);
          }}
        >
          <Avatar of={person.avatar} size={28} />
          <span className="cut">{person.name}</span>
        </div>
      ))}
    </div>
  );
}
