/** How the page looks. */
import { INK, INK_IN_THE_DARK } from './palette.ts';

/** Lines and texts of charts are attributes of SVG, which any rule overrides: those of the light turn to those of the dark. */
const CHART_INK_IN_THE_DARK = Object.entries(INK)
  .map(([name, colour]) => {
    const dark = INK_IN_THE_DARK[name as keyof typeof INK];
    return `svg [fill="${colour}"]{fill:${dark}}svg [stroke="${colour}"]{stroke:${dark}}`;
  })
  .join('');

export const STYLE = `
:root{color-scheme:light dark;--ink:#1d242d;--muted:#5d6673;--rule:#e1e5ea;--paper:#fff;--panel:#f6f8fa;--good:#1b7f53;--bad:#c23232;--link:#1f66b3}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebef;--muted:#a3acb8;--rule:#343b45;--paper:#14181d;--panel:#1c2229;--good:#4cc38f;--bad:#f07a7a;--link:#74aef0}${CHART_INK_IN_THE_DARK}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;overflow-wrap:anywhere}
main{max-width:52rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.2rem);line-height:1.2;margin:.4rem 0 1rem;letter-spacing:-.01em}
h2{font-size:1.4rem;line-height:1.3;margin:3rem 0 .75rem;padding-top:.9rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;line-height:1.35;margin:0}
p{margin:.5rem 0;max-width:44rem}
a{color:var(--link)}
.kicker,.note,figcaption p,.key-figures span,.key-figures dt{color:var(--muted)}
.kicker{margin:0;font-size:.9rem}
.note,figcaption p{font-size:.9rem;margin:.2rem 0}
.judgement{display:inline-block;margin:0;padding:.25rem .75rem;border:1.5px solid currentColor;border-radius:2rem;font-weight:600}
.judgement.good{color:var(--good)}.judgement.bad{color:var(--bad)}.judgement.unknown{color:var(--muted)}
.story{margin:1rem 0;padding-left:1.2rem;font-size:1.06rem}.story li{margin:.25rem 0}
.identity{background:var(--panel);border-radius:.5rem;padding:.9rem 1rem;margin:1.25rem 0;font-size:.92rem}
.identity dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0 0}
.identity dt{color:var(--muted)}.identity dd{margin:0}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.command{display:block;white-space:pre-wrap;background:var(--paper);border:1px solid var(--rule);border-radius:.35rem;padding:.4rem .6rem}
.key-figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(11.5rem,45%),1fr));gap:.7rem;margin:1.25rem 0}
.key-figures div{background:var(--panel);border-radius:.5rem;padding:.7rem .9rem}
.key-figures dt{font-size:.85rem}.key-figures dd{margin:0}
.key-figures b{display:block;font-size:1.35rem;line-height:1.3;font-variant-numeric:tabular-nums}
.key-figures span{font-size:.82rem;line-height:1.35;display:block}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;padding:0;margin:1rem 0}
figure{margin:1.6rem 0 2.2rem}
.plot{overflow-x:auto}
.plot svg{display:block;width:100%;min-width:30rem;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:.5rem 0 .3rem;padding:0;font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.swatch{flex:none;width:1.5rem;height:0;border-top:3px solid var(--swatch)}
.swatch.dashed{border-top-style:dashed}.swatch.dotted{border-top-style:dotted}
.swatch.area{height:.8rem;width:.8rem;border:0;border-radius:2px;background:var(--swatch)}
.swatch.band{height:.9rem;width:1.1rem;border-top:4px solid var(--swatch);background:color-mix(in srgb,var(--swatch) 22%,transparent)}
details{margin:.4rem 0;font-size:.9rem}summary{cursor:pointer;color:var(--link)}
.table{overflow-x:auto;max-height:28rem;overflow-y:auto;border:1px solid var(--rule);border-radius:.4rem;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.32rem .7rem;text-align:right;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:normal}
thead th{position:sticky;top:0;background:var(--panel);color:var(--muted);font-weight:600}
th:first-child,.words{text-align:left}
tbody th{font-weight:500}
td.words{overflow-wrap:anywhere;min-width:9rem}td ul{margin:.3rem 0 0;padding-left:1.1rem}
.held .verdict,.better{color:var(--good)}.violated .verdict,.worse{color:var(--bad)}.unjudged .verdict{color:var(--muted)}
.arm{border-left:4px solid var(--rule);padding-left:1rem;margin-top:3rem}
footer{margin-top:3rem;color:var(--muted);font-size:.88rem}
@media (max-width:40rem){main{padding:1rem .8rem 3rem}.identity dl{grid-template-columns:1fr;gap:0}.identity dd{margin-bottom:.4rem}.arm{padding-left:.5rem}}
@media (max-width:31rem){.plot::before{content:"Swipe sideways for the rest of the chart";color:var(--muted);font-size:.8rem;position:sticky;left:0}}
@media print{.plot{overflow:visible}.plot svg{min-width:0}.plot::before{content:none}figure{break-inside:avoid}}
`;
