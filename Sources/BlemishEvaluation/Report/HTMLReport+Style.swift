extension HTMLReport {
  /// The page's style: one palette for light, one for dark, plain black on white for paper.
  static let styleSheet = """

    :root {
      --paper: #f6f5f2; --card: #ffffff; --ink: #1d2127; --soft: #5d6570; --edge: #e1dfd9; --grid: #ebe9e4;
      --band: #1f2a37; --band-ink: #f4f3ef; --band-soft: #aeb8c5; --accent: #b4530f;
      --s0: #2a78b5; --s1: #d5601c; --s2: #3d8a5f; --s3: #8a5fb0; --s4: #b03a5b; --s5: #7a7428;
      --share: 0%; --fill: #dbe8f3; --good: #2c7a4b; --bad: #b3261e; --warn: #9a6200;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14171b; --card: #1d2127; --ink: #e8e6e1; --soft: #9aa3ae; --edge: #2e343c; --grid: #2a3037;
        --band: #0e1114; --band-ink: #f4f3ef; --band-soft: #9aa3ae; --accent: #f0955a;
        --s0: #6db3e8; --s1: #f08c50; --s2: #6fc394; --s3: #bb96dd; --s4: #e87b98; --s5: #c9c168;
        --fill: #23394d; --good: #7fd09c; --bad: #ff9a90; --warn: #f0c060;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
    .wide { max-width: 1180px; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2rem); }
    header { background: var(--band); color: var(--band-ink); padding: 2.2rem 0 2rem; }
    .brand { margin: 0 0 .4rem; color: var(--band-soft); font-size: .8rem; letter-spacing: .09em;
      text-transform: uppercase; }
    h1 { margin: 0; font-size: clamp(1.7rem, 4.5vw, 2.6rem); line-height: 1.15; letter-spacing: -.015em;
      overflow-wrap: anywhere; }
    .subtitle { margin: .35rem 0 0; color: var(--band-soft); overflow-wrap: anywhere; }
    .summary { margin: 1.1rem 0 0; max-width: 62ch; font-size: 1.08rem; }
    .headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem;
      margin: 1.6rem 0 0; }
    .headline div { padding: .85rem 1rem .9rem; border: 1px solid rgba(255, 255, 255, .14); border-radius:
      10px;
      background: rgba(255, 255, 255, .05); }
    .headline dt { color: var(--band-soft); font-size: .84rem; }
    .headline dd { margin: 0; }
    .headline .value { font-size: 1.9rem; font-weight: 650; line-height: 1.25; letter-spacing: -.02em;
      font-variant-numeric: tabular-nums; }
    .headline .value small { margin-left: .3em; font-size: .48em; font-weight: 500; letter-spacing: 0; }
    .headline .missing { font-size: 1.1rem; font-weight: 500; line-height: 2.1; color: var(--band-soft); }
    .headline .note { color: var(--band-soft); font-size: .8rem; line-height: 1.35; }
    .cautions { margin: 1.2rem 0 0; padding: 0; list-style: none; }
    .cautions li { margin-top: .5rem; padding: .55rem .9rem; border-left: 4px solid #f0c060; border-radius:
      4px;
      background: rgba(240, 192, 96, .12); font-size: .92rem; overflow-wrap: anywhere; }
    nav { position: sticky; top: 0; z-index: 1; background: var(--card); border-bottom: 1px solid var(--edge);
      }
    nav .wide { display: flex; gap: 1.3rem; overflow-x: auto; }
    nav a { padding: .7rem 0; color: var(--soft); font-size: .9rem; text-decoration: none; white-space:
      nowrap; }
    nav a:hover, nav a:focus-visible { color: var(--accent); }
    main { padding-bottom: 4rem; }
    section { scroll-margin-top: 3.2rem; }
    h2 { margin: 2.4rem 0 .9rem; font-size: 1.35rem; letter-spacing: -.01em; }
    h3 { margin: 1.5rem 0 .5rem; font-size: 1.05rem; }
    .note { margin: 0 0 .8rem; color: var(--soft); font-size: .92rem; }
    .card { border: 1px solid var(--edge); border-radius: 12px; background: var(--card); }
    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: .55rem .9rem; border-bottom: 1px solid var(--edge); text-align: right; }
    thead th { color: var(--soft); font-size: .82rem; font-weight: 600; vertical-align: bottom; }
    th:first-child { text-align: left; }
    tbody th { min-width: min(9rem, 40vw); font-weight: 500; overflow-wrap: anywhere; }
    .scroll th:first-child { position: sticky; left: 0; background: var(--card); }
    sup { line-height: 0; }
    tbody tr:last-child > * { border-bottom: 0; }
    .total > * { border-top: 2px solid var(--edge); font-weight: 700; }
    .share { background: linear-gradient(90deg, var(--fill) var(--share), transparent var(--share)) no-repeat
      center / calc(100% - 10px) calc(100% - 8px); }
    details summary { margin: 1.5rem 0 .8rem; cursor: pointer; font-weight: 600; }
    .missing, .reasons { color: var(--soft); }
    .reasons { margin: .7rem 0 0; padding-left: 1.6rem; font-size: .88rem; }
    .properties td { text-align: left; overflow-wrap: anywhere; white-space: pre-wrap; }
    .properties th { width: 30%; color: var(--soft); vertical-align: top; }
    .links { margin: 0; padding: .7rem .9rem .7rem 2rem; overflow-wrap: anywhere; }
    .links a { color: var(--accent); }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap:
      1rem; }
    figure.card { margin: 0; padding: .9rem 1rem 1rem; }
    figure.card h3 { margin: 0 0 .5rem; }
    svg { display: block; width: 100%; height: auto; }
    svg text { fill: var(--soft); font-size: 12px; }
    @media (max-width: 520px) { svg text { font-size: 16px; } }
    .grid { stroke: var(--grid); }
    .axis { fill: none; stroke: var(--soft); }
    .line { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; }
    .dot, .bar { fill: currentColor; }
    .bar { opacity: .62; }
    .interval { stroke: currentColor; stroke-width: 1.4; opacity: .6; }
    .reference { fill: none; stroke: var(--soft); stroke-dasharray: 5 5; }
    .mark { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 3 3; }
    svg .mark-label { fill: var(--ink); font-weight: 600; }
    .s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
    .s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); }
    figcaption p { margin: .4rem 0 0; color: var(--soft); font-size: .88rem; }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .4rem 0 0; padding: 0; list-style:
      none;
      font-size: .88rem; }
    .swatch { display: inline-block; width: .85em; height: .85em; margin-right: .45em; border-radius: 3px;
      background: currentColor; vertical-align: -.05em; }
    .gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap:
      1rem; }
    article { padding: .8rem .9rem .9rem; border-top-width: 4px !important; break-inside: avoid; }
    h4 { margin: 0; font-size: .92rem; font-weight: 600; overflow-wrap: anywhere; }
    article p { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; margin: .15rem 0
      .6rem;
      font-size: .86rem; }
    .verdict { font-weight: 700; }
    .type { color: var(--soft); overflow-wrap: anywhere; }
    .found { border-top-color: var(--good) !important; } .found .verdict { color: var(--good); }
    .passed { border-top-color: var(--edge) !important; } .passed .verdict { color: var(--good); }
    .missed { border-top-color: var(--bad) !important; } .missed .verdict { color: var(--bad); }
    .alarm { border-top-color: var(--warn) !important; } .alarm .verdict { color: var(--warn); }
    .views { display: grid; grid-template-columns: repeat(2, 1fr); gap: .5rem; }
    .views figure { margin: 0; }
    .views img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--grid); }
    .views figcaption { color: var(--soft); font-size: .76rem; }
    .facts { display: flex; flex-wrap: wrap; gap: 0 .5rem; margin: .6rem 0 0; font-size: .86rem;
      font-variant-numeric: tabular-nums; }
    .facts dt { color: var(--soft); }
    .facts dd { margin: 0 .7rem 0 0; font-weight: 600; }
    @media print {
      :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --edge: #bbb; --grid: #ddd; --band:
        #fff;
        --band-ink: #000; --band-soft: #444; --accent: #000; --s0: #2a78b5; --s1: #d5601c; --s2: #3d8a5f;
        --s3: #8a5fb0; --s4: #b03a5b; --s5: #7a7428; --fill: #e4ecf3; --good: #1c5a35; --bad: #a01810;
        --warn: #7a4d00; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      body { font-size: 11pt; }
      nav { display: none; }
      header { padding: 0; }
      .headline div { border-color: #bbb; }
      figure.card, tr { break-inside: avoid; }
      h2, h3, .note { break-after: avoid; }
      .scroll { overflow: visible; }
      .scroll table { font-size: 7.5pt; }
      .scroll th, .scroll td { padding: .3rem .25rem; font-size: inherit; }
      .scroll th:first-child { position: static; min-width: 4rem; }
      .gallery, .charts { grid-template-columns: repeat(2, 1fr); }
      .share { background: none; }
    }

    """
}
