/**
 * Makes sure that the programs which the tests drive are there: installs Debian's packages of those
 * that are missing where this may be done, else says what to install. Quick when nothing is missing.
 */

const NEEDED = [
  { program: "redis-server", debian: "redis-server" },
  { program: "openssl", debian: "openssl" },
  { program: "faketime", debian: "faketime" },
  // Where the browser tests look for it.
  { program: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium", debian: "chromium" },
];

/** While this file says so, a package's installation starts no service. */
const POLICY = "/usr/sbin/policy-rc.d";
const START_NOTHING = "#!/bin/sh\nexit 101\n";

const missing = NEEDED.filter(({ program }) => !isInstalled(program));
if (missing.length > 0) {
  const packages = missing.map(({ debian }) => debian);
  const installed = Deno.uid() === 0 && isInstalled("apt-get") && await install(packages);
  if (!installed) {
    const programs = missing.map(({ program }) => program).join(" and ");
    console.error(
      `The tests need ${programs}. On Debian: sudo apt-get install ${packages.join(" ")}`,
    );
    Deno.exit(1);
  }
}

/** @param program a path, or a name to look for on the PATH */
function isInstalled(program: string): boolean {
  const folders = program.includes("/") ? [""] : (Deno.env.get("PATH") ?? "").split(":");
  return folders.some((folder) => {
    try {
      return Deno.statSync(folder ? `${folder}/${program}` : program).isFile;
    } catch {
      return false;
    }
  });
}

async function install(packages: string[]): Promise<boolean> {
  console.error(`Installing Debian's packages ${packages.join(" and ")}, which the tests need…`);
  const restore = await startNothing();
  try {
    return await aptGet("update") &&
      await aptGet("install", "-y", "--no-install-recommends", ...packages);
  } finally {
    await restore();
  }
}

async function startNothing(): Promise<() => Promise<void>> {
  if (isInstalled(POLICY)) return () => Promise.resolve();
  await Deno.writeTextFile(POLICY, START_NOTHING, { mode: 0o755 });
  return () => Deno.remove(POLICY);
}

/** Its output is shown only if it fails. */
async function aptGet(...args: string[]): Promise<boolean> {
  const { success, stdout, stderr } = await new Deno.Command("apt-get", {
    args: ["-q", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).output();
  if (!success) { for (const output of [stdout, stderr]) await Deno.stderr.write(output); }
  return success;
}
