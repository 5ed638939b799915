/** What people may do in a business, in words. */

import { useLingui } from "@lingui/react/macro";

export function useRoles(): (role: string) => string {
  const { t } = useLingui();
  return (role) => {
    switch (role) {
      case "owner":
        return t`Owner`;
      case "admin":
        return t`Administration`;
      case "developer":
        return t`Development`;
      case "marketing":
        return t`Marketing`;
      case "finance":
        return t`Finance`;
      case "agent":
        return t`Customer service`;
      case "viewer":
        return t`Only reads`;
      default:
        return role;
    }
  };
}
