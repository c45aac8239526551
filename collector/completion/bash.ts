// Completion for bash.

import type { VerbEntry } from '../base/index.ts';

export function bashCompletion(verbs: readonly VerbEntry[]): string {
  return `# bash completion for iotlb; load it with: eval "$(iotlb completion bash)"
_iotlb() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in -*) ;; *) verb=\${COMP_WORDS[i]}; break ;; esac
  done
  COMPREPLY=()
  case $verb in
    '') COMPREPLY=($(compgen -W '${[...verbs.map((verb) => verb.name), 'help', '--help', '--version'].join(' ')}' -- "$cur")) ;;
${verbs.map(verbCase).join('\n')}
  esac
}
complete -o default -F _iotlb iotlb
`;
}

function verbCase(verb: VerbEntry): string {
  const valued = verb.options.filter((option) => option.takesValue);
  const chosen = valued.filter((option) => option.choices.length > 0);
  const files = valued.filter((option) => option.choices.length === 0);
  const names = verb.options.flatMap((option) => option.names).join(' ');
  const words = verb.arguments.flatMap((argument) => argument.choices).join(' ');
  return [
    `    ${verb.name})`,
    '      case $prev in',
    ...chosen.map(
      (option) =>
        `        ${option.names.join('|')}) COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$cur")); return ;;`,
    ),
    // Nothing offered: bash completes file names.
    ...(files.length === 0
      ? []
      : [`        ${files.flatMap((option) => option.names).join('|')}) return ;;`]),
    '      esac',
    `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${names}' -- "$cur")); ${words === '' ? '' : `else COMPREPLY=($(compgen -W '${words}' -- "$cur")); `}fi ;;`,
  ].join('\n');
}
