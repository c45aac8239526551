// Completion for fish.

import type { OptionEntry, VerbEntry } from '../base/index.ts';

export function fishCompletion(verbs: readonly VerbEntry[]): string {
  const lines = verbs.flatMap((verb) => {
    const here = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    const words = verb.arguments.flatMap((argument) => argument.choices);
    return [
      `complete -c iotlb -f -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`,
      ...(words.length === 0 ? [] : [`complete -c iotlb -f ${here} -a ${quoted(words.join(' '))}`]),
      ...verb.options.map((option) => `complete -c iotlb ${here} ${optionWords(option)}`),
    ];
  });
  return `# fish completion for iotlb; load it with: iotlb completion fish | source\n${lines.join('\n')}\n`;
}

function optionWords(option: OptionEntry): string {
  const names = option.names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const choices =
    option.choices.length > 0 ? [`-x -a ${quoted(option.choices.join(' '))}`] : ['-r'];
  const value = option.takesValue ? choices : [];
  return [...names, ...value, `-d ${quoted(option.description)}`].join(' ');
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
