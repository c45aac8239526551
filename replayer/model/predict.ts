// A plan and a cost model -> what a replay would measure: one server a stream, ioctls one after the other,
// each as long as the model says. Streaming; online strategies are cut as the issue loop cuts them.

import { percentiles, type Percentiles } from '../../collector/base/index.ts';
import { PRESENT } from '../../collector/model/index.ts';
import type { Plan, StepBatch } from '../planner/index.ts';
import type { StrategyChain } from '../strategies/chain.ts';
import { ENTRY_CLASSES, entryClass } from './entry-class.ts';
import { priceOf, type CostModel, type IoctlLoad } from './cost-model.ts';

export interface Prediction {
  readonly ioctls: number;
  readonly service_total_ns: number;
  readonly service_ns: Percentiles;
  readonly response_ns: Percentiles;
  readonly stall_ns: Percentiles;
  /** Busiest stream's share of its own span that its ioctls take; 1 and more never catches up. */
  readonly utilisation: number;
}

/** Doubles that grow. */
class Samples {
  #values = new Float64Array(1024);
  #count = 0;

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  values(): Float64Array {
    return this.#values.slice(0, this.#count);
  }
}

/** The sum of a plan whose steps were kept. */
export function predictPlan(plan: Plan, model: CostModel): Prediction {
  const predictor = predictorOf(plan.chain, model);
  for (const { stream, steps } of plan.streams) predictor.steps(stream, steps);
  return predictor.end();
}

export function predictorOf(chain: StrategyChain, model: CostModel): Predictor {
  return new Predictor(model, chain.online?.maxEntries ?? 0);
}

/** The ioctl that a stream is putting together, and when its last one returned. */
interface Server {
  freeNs: number;
  firstDueNs: number;
  lastDueNs: number;
  busyNs: number;
  startNs: number;
  dueNs: number;
  entries: number;
  pages: number;
  whole: number;
  readonly classes: Float64Array;
  /** Capture times of the barriers that it releases. */
  captured: number[];
}

export class Predictor {
  readonly #price: (load: IoctlLoad) => number;
  readonly #maxEntries: number;
  readonly #servers = new Map<number, Server>();
  readonly #service = new Samples();
  readonly #response = new Samples();
  readonly #stall = new Samples();
  #totalNs = 0;
  #ioctls = 0;

  /** `maxEntries` of an online strategy; 0 issues every step alone. */
  constructor(model: CostModel, maxEntries: number) {
    this.#price = priceOf(model);
    this.#maxEntries = maxEntries;
  }

  /** The next committed steps of a stream. */
  steps(stream: number, steps: StepBatch): void {
    const server = this.#server(stream);
    for (let step = 0; step < steps.steps; step++) {
      const start = steps.entryStart(step);
      const entries = steps.entryEnd[step] - start;
      const due = steps.dueNs[step];
      const joins =
        server.entries > 0 &&
        this.#maxEntries > 0 &&
        due <= server.startNs &&
        server.entries + entries <= this.#maxEntries;
      if (!joins) {
        this.#issue(server);
        server.dueNs = due;
        server.startNs = Math.max(due, server.freeNs);
      }
      this.#add(server, steps, step);
    }
    for (let i = 0; i < steps.free; i++) this.#stall.push(0);
  }

  end(): Prediction {
    for (const server of this.#servers.values()) this.#issue(server);
    const used = [...this.#servers.values()].map((server) =>
      server.busyNs === 0 ? 0 : server.busyNs / Math.max(1, server.lastDueNs - server.firstDueNs),
    );
    return {
      ioctls: this.#ioctls,
      service_total_ns: this.#totalNs,
      service_ns: percentiles(this.#service.values()),
      response_ns: percentiles(this.#response.values()),
      stall_ns: percentiles(this.#stall.values()),
      utilisation: Math.max(0, ...used),
    };
  }

  #add(server: Server, steps: StepBatch, step: number): void {
    server.lastDueNs = steps.dueNs[step];
    if (Number.isNaN(server.firstDueNs)) server.firstDueNs = server.lastDueNs;
    for (let i = steps.entryStart(step); i < steps.entryEnd[step]; i++) {
      server.entries++;
      server.classes[entryClass(steps, i)]++;
      if ((steps.present[i] & PRESENT.range) === 0) server.whole++;
      else server.pages += steps.pages[i];
    }
    for (let i = steps.releaseStart(step); i < steps.releaseEnd[step]; i++)
      server.captured.push(steps.releaseTNs[i]);
  }

  /** The open ioctl goes out and returns. */
  #issue(server: Server): void {
    if (server.entries === 0) return;
    const took = this.#price(server);
    server.freeNs = server.startNs + took;
    server.busyNs += took;
    this.#totalNs += took;
    this.#ioctls++;
    this.#service.push(took);
    this.#response.push(server.freeNs - server.dueNs);
    for (const at of server.captured) this.#stall.push(Math.max(0, server.freeNs - at));
    server.entries = 0;
    server.pages = 0;
    server.whole = 0;
    server.classes.fill(0);
    server.captured.length = 0;
  }

  #server(stream: number): Server {
    let server = this.#servers.get(stream);
    if (server === undefined) {
      server = {
        freeNs: Number.NEGATIVE_INFINITY,
        firstDueNs: Number.NaN,
        lastDueNs: 0,
        busyNs: 0,
        startNs: 0,
        dueNs: 0,
        entries: 0,
        pages: 0,
        whole: 0,
        classes: new Float64Array(ENTRY_CLASSES),
        captured: [],
      };
      this.#servers.set(stream, server);
    }
    return server;
  }
}
