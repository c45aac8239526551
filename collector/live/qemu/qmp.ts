// A client of QEMU's machine protocol: one JSON object a line over a Unix socket. Owns the connection;
// knows commands and answers, not what they mean.

import { createConnection, type Socket } from 'node:net';

import { z } from 'zod';

import { ToolError, fileError, parseJson, systemErrorCode } from '../../base/index.ts';

/** A busy guest holds QEMU's one lock for long; a socket that is taken never greets at all. */
const ANSWER_MS = 60_000;
const GREETING_MS = 5_000;

const answerSchema = z.union([
  z.object({ QMP: z.object({ version: z.object({ qemu: z.record(z.string(), z.number()) }) }) }),
  z.object({ return: z.unknown(), id: z.number().optional() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
  z.object({ event: z.string() }),
]);

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class QmpClient {
  readonly path: string;
  /** `7.2.22`. */
  version = '';
  isOpen = true;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  #nextId = 0;
  #text = '';

  private constructor(path: string, socket: Socket) {
    this.path = path;
    this.#socket = socket;
    socket.setEncoding('utf8');
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end();
        resolve();
      });
    });
    socket.on('error', () => undefined); // 'close' follows and ends what waits
    socket.on('data', (text: string) => this.#take(text));
  }

  /** Connects and enters command mode. Throws ToolError. */
  static async connect(path: string): Promise<QmpClient> {
    const socket = createConnection(path);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
    } catch (error) {
      throw connectError(path, error);
    }
    const client = new QmpClient(path, socket);
    try {
      await client.#greeting();
      await client.execute('qmp_capabilities');
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Settles when the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Runs a command; what it returns is not checked. Throws ToolError for an error of QEMU's. */
  async execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (!this.isOpen) throw this.#gone();
    const id = this.#nextId++;
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return this.#answer(id, `answer to '${command}'`);
  }

  /** Runs a command once for each of `args`, in order. Throws ToolError at the first that fails. */
  async executeEach(
    command: string,
    args: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    for (const each of args) await this.execute(command, each);
  }

  /** Runs a command of the human monitor. It answers in words; no words means that it went well. */
  async human(line: string): Promise<void> {
    const words = await this.execute('human-monitor-command', { 'command-line': line });
    if (typeof words === 'string' && words.trim() !== '') {
      throw new ToolError(
        'E_NOT_SUPPORTED',
        `${this.path}: QEMU answers '${line}' with: ${words.trim()}`,
      );
    }
  }

  close(): void {
    this.isOpen = false;
    this.#socket.destroy();
  }

  async #greeting(): Promise<void> {
    await this.#answer(GREETING, 'greeting', {
      ms: GREETING_MS,
      hint: 'a QMP socket serves one client at a time: give QEMU a second one (-qmp unix:…) or end the other client',
    });
  }

  async #answer(
    id: number,
    what: string,
    extra: { readonly hint?: string; readonly ms?: number } = {},
  ): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => {
          const { hint } = extra;
          const message = `${this.path}: no ${what} within ${(extra.ms ?? ANSWER_MS) / 1000} s`;
          reject(new ToolError('E_NO_DEVICE', message, hint === undefined ? {} : { hint }));
        }, extra.ms ?? ANSWER_MS);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      const answer = answerSchema.safeParse(parseJson(line)).data;
      if (answer !== undefined) this.#dispatch(answer);
    }
  }

  #dispatch(answer: z.infer<typeof answerSchema>): void {
    if ('QMP' in answer) {
      const { major, minor, micro } = answer.QMP.version.qemu;
      this.version = `${major}.${minor}.${micro}`;
      this.#waiting.get(GREETING)?.resolve(undefined);
    } else if ('return' in answer) {
      this.#waiting.get(answer.id ?? NO_ID)?.resolve(answer.return);
    } else if ('error' in answer) {
      const error = new ToolError(
        'E_NOT_SUPPORTED',
        `${this.path}: QEMU says: ${answer.error.desc}`,
      );
      this.#waiting.get(answer.id ?? NO_ID)?.reject(error);
    }
  }

  #end(): void {
    this.isOpen = false;
    for (const { reject } of this.#waiting.values()) reject(this.#gone());
  }

  #gone(): ToolError {
    return new ToolError('E_NO_DEVICE', `${this.path}: QEMU closed the connection`);
  }
}

const GREETING = -1;
const NO_ID = -2;

function connectError(path: string, error: unknown): ToolError {
  if (systemErrorCode(error) === 'ECONNREFUSED') {
    return new ToolError('E_NO_DEVICE', `${path}: nobody listens there; nothing was changed`, {
      cause: error,
      hint: 'QEMU must be running with -qmp unix:PATH,server=on,wait=off',
    });
  }
  return fileError(error, path, 'Nothing was changed.');
}
