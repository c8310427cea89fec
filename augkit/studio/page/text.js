// The editor: CodeMirror in the page's own colours, so that light and dark are the style sheet's business alone.
import { completions, hover } from "./complete.js";
import { EditorState, EditorView, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap,
  defaultKeymap, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, history,
  historyKeymap, HighlightStyle, hoverTooltip, indentOnInput, keymap, lineNumbers, lintGutter, lintKeymap, search,
  searchKeymap, syntaxHighlighting, tags, yaml } from "./editor.js";

const look = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.number, tags.bool], color: "var(--number)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.comment, color: "var(--comment)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);
const theme = EditorView.theme({
  "&": { backgroundColor: "var(--card)", color: "var(--ink)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--select)" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--comment)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunk) 60%, transparent)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--first)", color: "var(--on-first)" },
  ".cm-completionInfo, .cm-tooltip-hover": { padding: "6px 10px", maxWidth: "420px", whiteSpace: "pre-line", font: "12px/1.4 system-ui, sans-serif" },
  ".cm-diagnostic": { whiteSpace: "pre-line", font: "12px/1.45 system-ui, sans-serif", padding: "4px 10px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--unsafe)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--unproven)" },
  ".cm-diagnosticSource": { display: "none" },
  ".cm-lintRange": { backgroundImage: "none !important", textDecoration: "underline wavy", textDecorationSkipInk: "none", textUnderlineOffset: "4px" },
  ".cm-lintRange-error": { textDecorationColor: "var(--unsafe)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--unproven)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--other)" },
  ".cm-matchingBracket": { backgroundColor: "var(--select) !important" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--sunk)", border: "1px solid var(--line)" },
  ".cm-textfield": { backgroundColor: "var(--card)", border: "1px solid var(--line)" },
});

// Puts an editor into an element, and calls `changed` with every change of its text.
export function editor(parent, begun, changed) {
  const nonce = document.querySelector("meta[name=nonce]").content;
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: begun.text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        lineNumbers(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(), drawSelection(),
        history(), indentOnInput(), bracketMatching(), closeBrackets(), search({ top: true }),
        yaml(), syntaxHighlighting(look), theme, EditorView.lineWrapping,
        autocompletion({ override: [completions(begun.words)], icons: false }),
        hoverTooltip(hover(begun.words)),
        EditorView.contentAttributes.of({ "aria-label": "policy, YAML; Tab leaves, F8 goes to the next finding" }),
        EditorState.tabSize.of(2),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
        EditorView.updateListener.of((update) => { if (update.docChanged) changed(update.changes); }),
      ],
    }),
  });
}
