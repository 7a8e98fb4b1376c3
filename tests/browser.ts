/** Chromium for tests, and a page in it that keeps what the browser complains of. */

import { type Browser, chromium, type Page } from "playwright-core";

const EXECUTABLE = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Milliseconds that a page may take for what a test waits for. */
const TIMEOUT = 30_000;

/** What the browser says of every answer that is an error, and of a server that is away. */
const NETWORK = /^Failed to load resource|^WebSocket connection to .* failed/;

export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(
      await chromium.launch({
        executablePath: EXECUTABLE,
        args: [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
        ],
      }),
    );
  }

  /** Opens an address in a profile of its own. */
  async open(url: string, viewport = { width: 1280, height: 800 }): Promise<TestPage> {
    const page = await this.browser.newPage({ viewport });
    page.setDefaultTimeout(TIMEOUT);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      const grave = message.type() === "error" || message.type() === "warning";
      if (grave && !NETWORK.test(message.text())) complaints.push(message.text());
    });
    await page.goto(url);
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

export interface TestPage {
  page: Page;
  /** Errors and warnings, those of the content security policy among them. */
  complaints: string[];
}
