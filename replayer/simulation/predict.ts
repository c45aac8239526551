// What a replay of a strategy would measure, from a simulation with a fitted model (`--predict`).

import { percentiles, type Percentiles } from '../../collector/base/index.ts';
import type { Calls } from '../closed-loop/calls.ts';
import type { Cursor } from '../closed-loop/cursor.ts';
import type { Observer } from '../closed-loop/driver.ts';
import { ROW } from '../closed-loop/rows.ts';
import type { SimulatedTotals } from '../closed-loop/simulate.ts';

export interface Prediction {
  readonly ioctls: number;
  readonly service_total_ns: number;
  readonly service_ns: Percentiles;
  readonly response_ns: Percentiles;
  readonly stall_ns: Percentiles;
  readonly stall_total_ns: number;
  readonly guest_time_ns: number;
  /** Share of the guest's span that calls take; above 1 where servers work at the same time. */
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

export class Predictor implements Observer {
  readonly #service = new Samples();
  readonly #response = new Samples();
  readonly #stall = new Samples();
  /** By call: when it was formed and when it started. */
  readonly #formedNs: number[] = [];
  readonly #startedNs: number[] = [];
  readonly #arrivedNs = new Map<number, number>();
  #nowNs = 0;

  arrived(_waiter: number, { what, row }: Cursor, i: number, nowNs: number): void {
    this.#nowNs = nowNs;
    if (what[i] === ROW.barrier) this.#arrivedNs.set(row[i], nowNs);
  }

  formed(call: number, _calls: Calls): void {
    this.#formedNs[call] = this.#nowNs;
  }

  started(call: number, nowNs: number): void {
    this.#startedNs[call] = nowNs;
  }

  completed(call: number, nowNs: number): void {
    this.#nowNs = nowNs;
    this.#service.push(nowNs - this.#startedNs[call]);
    this.#response.push(nowNs - this.#formedNs[call]);
  }

  released(_stream: number, row: number, _waiter: number, nowNs: number): void {
    this.#stall.push(nowNs - (this.#arrivedNs.get(row) ?? nowNs));
    this.#arrivedNs.delete(row);
  }

  end(totals: SimulatedTotals): Prediction {
    return {
      ioctls: totals.calls,
      service_total_ns: totals.serviceNs,
      service_ns: percentiles(this.#service.values()),
      response_ns: percentiles(this.#response.values()),
      stall_ns: percentiles(this.#stall.values()),
      stall_total_ns: totals.stallNs,
      guest_time_ns: totals.guestNs,
      utilisation: totals.spanNs === 0 ? 0 : totals.serviceNs / totals.spanNs,
    };
  }
}
