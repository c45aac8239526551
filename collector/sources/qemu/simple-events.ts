// Argument lists of the events that the binary backend records without saying what they are (spec 6.8): the
// log backend's texts, from which both the kinds of the arguments and the line for the families follow.

import { EVENT_TEXTS } from './event-texts.ts';

/** The text of an event whose record has `argBytes` of arguments; each but `%s` takes 8 bytes. */
export function simpleText(event: string, argBytes: number): string | undefined {
  const texts = EVENT_TEXTS[event];
  // A text with a string fits any length: it is the only one of its event.
  return texts?.find((text) => text.includes('%s') || argumentCount(text) * 8 === argBytes);
}

export function isSimpleEvent(event: string): boolean {
  return Object.hasOwn(EVENT_TEXTS, event);
}

function argumentCount(text: string): number {
  return text.split('%').length - 1;
}
