/** How the pages look. */
export const STYLE = `:root {
  color-scheme: light dark;
  --back: #fff; --front: #1f2328; --soft: #57606a; --edge: #d0d7de; --card: #f6f8fa; --head: #eaeef2; --link: #0a58ca;
  --rail: #6e7781; --heat: #c2571a; --warn: #9a3b00;
  --read: #2f81c7; --map: #17497a; --collect: #7b61b8; --spill: #d9822b; --merge: #5aa02c; --reduce: #157a6e; --write: #c2334d; --other: #8c959f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --front: #e6edf3; --soft: #9aa4af; --edge: #30363d; --card: #161b22; --head: #21262d; --link: #79b8ff;
    --rail: #8b949e; --heat: #e0803f; --warn: #ffab70;
    --read: #58a6ff; --map: #3d7fc4; --collect: #a58ee0; --spill: #f0a04b; --merge: #7ccf4c; --reduce: #3fb8a8; --write: #f0647d; --other: #6e7781;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--front); font: 15px/24px system-ui, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.6rem; line-height: 2rem; margin: 0.5rem 0; overflow-wrap: anywhere }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem }
h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere }
p { margin: 0.5rem 0; max-width: 60rem }
a { color: var(--link) }
dl { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin: 1rem 0 }
dt { color: var(--soft); font-size: 13px; line-height: 18px }
dd { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere }
.findings { padding-left: 1.2rem; margin: 0.5rem 0 }
.findings li { overflow-wrap: anywhere }
.plan, .plan ol { list-style: none; margin: 0; padding: 0 }
.row { position: relative; padding-left: var(--rails) }
.rails { position: absolute; left: 0; top: 0; height: 100%; overflow: visible; stroke: var(--rail); stroke-width: 2; fill: var(--rail) }
.rails path { stroke: none }
.cell { display: grid; grid-template-columns: minmax(0, 1fr) 13.5rem 12rem 8.5rem; gap: 0 1rem; padding: 6px 12px; background: var(--card); border: solid var(--edge); border-width: 0 1px }
.planned .cell { grid-template-columns: minmax(0, 1fr) 13.5rem }
.head .cell { display: block; background: var(--head); border-top-width: 1px; border-radius: 8px 8px 0 0 }
.source .cell { color: var(--soft); border-top-width: 1px }
.target { padding-bottom: 20px }
.target .cell { border-width: 1px; border-radius: 0 0 8px 8px; font-weight: 600 }
.target .cell > * + * { font-weight: 400 }
.stage:target .cell { border-color: var(--link) }
.what { overflow-wrap: anywhere; unicode-bidi: isolate }
.source .what { grid-column: 1 / -1 }
.table { color: var(--soft); white-space: nowrap }
.rows, .expected, .time { font-size: 14px; text-align: right; font-variant-numeric: tabular-nums }
.expected { color: var(--soft) }
.facts { margin: 0; max-width: none; font-size: 13px; line-height: 20px; color: var(--soft) }
.facts span { display: inline-block; margin-right: 1rem }
.warn, .expected.warn { color: var(--warn); font-weight: 600 }
.bar { display: inline-block; width: 4rem; height: 10px; background: var(--head) }
.bar rect { fill: var(--heat) }
summary { cursor: pointer }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0; padding: 0 }
.key { display: inline-block; width: 0.9em; height: 0.9em; margin-right: 0.4em; vertical-align: -0.1em }
.timeline { display: block; margin: 0.5rem 0; font-size: 13px; fill: currentColor }
${['read', 'map', 'collect', 'spill', 'merge', 'reduce', 'write', 'other'].map((kind) => `.${kind} { background: var(--${kind}); fill: var(--${kind}) }`).join('\n')}
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 14px }
th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid var(--edge); font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child { text-align: left; padding-left: 0 }
thead th { color: var(--soft); font-weight: 400 }
@media (max-width: 60rem) {
  .cell { display: flex; flex-wrap: wrap; padding: 6px 10px }
  .what { flex: 1 0 100% }
  .rows, .expected, .time { text-align: left; font-size: 13px; line-height: 20px }
  .expected:empty { display: none }
}
`
