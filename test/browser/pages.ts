import type { Locator, Page } from 'playwright-core';
import { patienceMs } from '../helpers/patience.ts';

/** A window of the workbench, as a person meets it: by what things are called on screen. */
export class App {
  readonly page: Page;
  /** Errors of scripts, refusals of the content security policy, failed requests. */
  readonly complaints: string[] = [];
  /** Every address that was asked for. */
  readonly requests: string[] = [];
  clicks = 0;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patienceMs);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  async ready(): Promise<void> {
    await this.page.getByRole('contentinfo', { name: 'Status' }).getByText('connected').waitFor();
  }

  /** The run spec's text in place of what is there, pasted as a person would: the editor is in a shadow root. */
  async writeSpec(text: string): Promise<void> {
    const editor = this.page.getByRole('textbox', { name: 'Run spec as YAML' });
    await editor.press('ControlOrMeta+a');
    await editor.evaluate((content, pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      content.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  }

  async goto(place: string): Promise<void> {
    await this.page.evaluate((hash) => (location.hash = hash), place);
  }

  async click(target: Locator): Promise<void> {
    this.clicks += 1;
    await target.click();
  }

  /** Continues with the Tab key until the target has the focus, as somebody without a mouse would. */
  async tabTo(target: Locator): Promise<void> {
    await target.waitFor();
    for (let presses = 0; presses < 120; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`the Tab key does not reach ${String(target)}`);
  }

  /** Presses a button, a link or an entry by keys alone. */
  async pressByKeys(target: Locator, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
    await this.tabTo(target);
    await this.page.keyboard.press(key);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  place(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name });
  }

  get importDialog(): ImportDialog {
    return new ImportDialog(this);
  }

  get flips(): Flips {
    return new Flips(this);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

export class ImportDialog {
  readonly app: App;
  readonly root: Locator;

  constructor(app: App) {
    this.app = app;
    this.root = app.page.getByRole('dialog', { name: 'Import' });
  }

  /** Hands files over as the upload button does. */
  async upload(...files: { name: string; text: string }[]): Promise<void> {
    await this.root
      .locator('input[type=file].files')
      .setInputFiles(
        files.map(({ name, text }) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) })),
      );
  }

  /** Drops files onto the window. */
  async drop(...files: { name: string; text: string }[]): Promise<void> {
    await this.app.page.evaluate((list) => {
      const transfer = new DataTransfer();
      for (const { name, text } of list) transfer.items.add(new File([text], name));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        window.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }
    }, files);
  }

  /** Types the path of a file or folder on the workbench's machine. */
  async typePath(path: string): Promise<void> {
    await this.field('Path of a file or folder').fill(path);
    await this.field('Path of a file or folder').press('Enter');
  }

  /** One thing of what was handed over, by (the beginning of) its file's name. */
  thing(label: string): Locator {
    return this.things().filter({ has: this.app.page.locator('.file', { hasText: label }) });
  }

  things(): Locator {
    return this.root.getByRole('list', { name: 'Files to import' }).locator('> li');
  }

  /** Every thing with the next steps it offers. */
  async steps(): Promise<[label: string, buttons: string[]][]> {
    const found: [string, string[]][] = [];
    for (const thing of await this.things().all()) {
      const buttons = await thing.getByRole('button').allInnerTexts();
      const label = await thing.locator('.file').innerText();
      found.push([label, buttons.map((text) => text.trim()).filter((text) => text !== '' && text !== 'Details')]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  field(name: string): Locator {
    return this.root.getByLabel(name, { exact: true });
  }

  async map(field: string, path: string): Promise<void> {
    await this.field(field).fill(path);
    await this.field(field).blur();
  }

  async accept(name: string): Promise<void> {
    await this.field('Name').fill(name);
    const button = this.root.getByRole('button', { name: 'Import', exact: true });
    await this.app.click(button);
  }
}

/** The flip browser and the sample that is open in it. */
export class Flips {
  readonly app: App;
  readonly table: Locator;
  readonly sample: Locator;

  constructor(app: App) {
    this.app = app;
    this.table = app.page.getByRole('grid', { name: 'Samples' });
    this.sample = app.page.getByRole('region', { name: 'Sample', exact: true });
  }

  async ready(): Promise<void> {
    await this.table.getByRole('row', { selected: true }).waitFor();
    // The pane that waits for a sample has a heading, too.
    await this.sample.getByRole('heading', { level: 2 }).filter({ hasNotText: 'No sample open' }).waitFor();
  }

  rows(): Locator {
    return this.table.locator('[role=row][aria-rowindex]:not(.head)');
  }

  count(): Locator {
    return this.app.page.getByRole('search').getByRole('status');
  }

  facet(name: string): Locator {
    return this.app.page.getByRole('checkbox', { name });
  }

  output(side: 'Old' | 'New' | 'A' | 'B'): Locator {
    return this.sample.getByRole('region', { name: side, exact: true });
  }

  get sampleId(): Locator {
    return this.sample.getByRole('heading', { level: 2 });
  }

  search(): Locator {
    return this.app.page.getByRole('searchbox', { name: 'Search prompts and outputs' });
  }
}
