// Airflow shows everfit's pages in a frame. There they follow Airflow's light or dark, and what leaves the page opens in
// a tab of its own: the frame may open none, Airflow's page may. Nothing of this is needed to read the pages.
if (parent !== window) {
  const airflow = parent.document.documentElement;
  const follow = () => {
    document.documentElement.style.colorScheme = airflow.classList.contains("dark") ? "dark" : "light";
  };
  follow();
  new MutationObserver(follow).observe(airflow, { attributeFilter: ["class"] });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-tab]");
    if (link) {
      event.preventDefault();
      parent.open(link.href);
    }
  });
}
