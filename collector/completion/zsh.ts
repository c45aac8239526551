// Completion for zsh.

import type { OptionEntry, VerbEntry } from '../base/index.ts';

export function zshCompletion(verbs: readonly VerbEntry[]): string {
  return `#compdef iotlb
# zsh completion for iotlb; load it with: eval "$(iotlb completion zsh)"
_iotlb() {
  local -a verbs
  verbs=(
${verbs.map((verb) => `    ${quoted(`${verb.name}:${verb.summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${verbs.map(verbCase).join('\n')}
  esac
}
compdef _iotlb iotlb
`;
}

function verbCase(verb: VerbEntry): string {
  const words = verb.arguments.flatMap((argument) => argument.choices);
  const rest = words.length > 0 ? `*:word:(${words.join(' ')})` : '*:file:_files';
  const specs = [...verb.options.flatMap(optionSpecs), quoted(rest)];
  return `    ${verb.name}) _arguments \\\n${specs.map((spec) => `      ${spec}`).join(' \\\n')} ;;`;
}

function optionSpecs(option: OptionEntry): readonly string[] {
  const told = option.description.replaceAll(/[[\]:\\]/g, (found) => `\\${found}`);
  const choices =
    option.choices.length > 0 ? `:value:(${option.choices.join(' ')})` : ':value:_files';
  const value = option.takesValue ? choices : '';
  return option.names.map((name) => quoted(`*${name}[${told}]${value}`));
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
