/** Those that are helped. */
export const shells = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof shells)[number]

/** Asks the command itself, so that the shell knows no more than the words that were typed. */
export function completionScript(shell: Shell): string {
  return scripts[shell]
}

// bash takes words apart at = and :, so it is given what follows the last of them.
const bash = `# wellhead: completion for bash
_wellhead() {
  local line word=\${COMP_LINE:0:COMP_POINT}
  local -a words
  read -r -a words <<< "$word"
  [[ $word == *[[:space:]] ]] && words+=('')
  local current=\${words[\${#words[@]} - 1]} cut=''
  [[ $current == *[=:]* ]] && cut=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$cut"}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _wellhead wellhead
`

const zsh = `#compdef wellhead
# wellhead: completion for zsh
_wellhead() {
  local line
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#candidates} )); then
    _describe -t wellhead wellhead candidates
  else
    _files
  fi
}
compdef _wellhead wellhead
`

const fish = `# wellhead: completion for fish
function __wellhead_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c wellhead -f -a '(__wellhead_complete)'
complete -c wellhead -s c -l config -r -F
`

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
