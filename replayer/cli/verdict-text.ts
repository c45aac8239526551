// A verdict in a few words, for tables.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import type { PlanFacts } from '../planner/index.ts';

export function verdictText(plan: PlanFacts): string {
  const { verdict } = plan;
  switch (verdict.class) {
    case 'strict':
      return 'strict';
    case 'deferred':
      return `deferred: ${formatCount(verdict.requests_exposed)} requests exposed, ${formatDuration(verdict.exposure_page_ns)}·page`;
    case 'narrowed':
      return `narrowed: ${narrowedText(plan)}`;
    case 'corrupting':
      return `corrupting: ${formatCount(verdict.requests_exposed)} requests could translate to old pages`;
    case 'unknown':
      return 'unknown: the recording does not show the waits';
    case 'broken':
      return `broken: ${formatCount(verdict.broken_requests)} requests`;
  }
}

/** How much the dialect leaves out. */
function narrowedText({ narrowed, narrowed_unbounded }: PlanFacts): string {
  const parts = [
    narrowed === 0 ? [] : [`${formatCount(narrowed)} pages`],
    narrowed_unbounded === 0 ? [] : [`${formatCount(narrowed_unbounded)} whole domains`],
  ].flat();
  return `${parts.join(' and ')} left out by the dialect`;
}
