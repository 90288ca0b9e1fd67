// Draws the Mermaid blocks of a page. Without the library, or for a block with a mistake, the text of the block stays.
(() => {
  if (typeof mermaid === "undefined") return;

  const dark = ["navy", "coal", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: dark ? "dark" : "neutral" });

  document.querySelectorAll("code.language-mermaid").forEach(async (block, number) => {
    try {
      const { svg } = await mermaid.render(`drawing-${number}`, block.textContent);
      const drawing = document.createElement("div");
      drawing.className = "drawing";
      drawing.innerHTML = svg;
      block.closest("pre").replaceWith(drawing);
    } catch (error) {
      console.error(error);
    }
  });
})();
