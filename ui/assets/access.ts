/** The pages Access, Audit and Log in. */

import apiAccess from "../api/access.ts" with { type: "text" };
import pagesAccess from "../pages/access.ts" with { type: "text" };
import pagesAccessDialogs from "../pages/access_dialogs.ts" with { type: "text" };
import pagesAudit from "../pages/audit.ts" with { type: "text" };
import pagesLogin from "../pages/login.ts" with { type: "text" };
import stylesAccess from "../styles/access.css" with { type: "text" };
import stylesAudit from "../styles/audit.css" with { type: "text" };
import stylesLogin from "../styles/login.css" with { type: "text" };

export const ACCESS: { [path: string]: string } = {
  "ui/api/access.ts": apiAccess,
  "ui/pages/access.ts": pagesAccess,
  "ui/pages/access_dialogs.ts": pagesAccessDialogs,
  "ui/pages/audit.ts": pagesAudit,
  "ui/pages/login.ts": pagesLogin,
  "ui/styles/access.css": stylesAccess,
  "ui/styles/audit.css": stylesAudit,
  "ui/styles/login.css": stylesLogin,
};
