// Where the keyboard is once the thing that had the focus is gone: beside it, and not at the top of the page again.

// For the element that contains what may go away. It takes the focus if what had it was removed, and needs `tabindex="-1"` for that.
function useKeptFocus() {
  const box = useRef(null);
  // This runs before the change is drawn, and the effect after it.
  const hadFocus = Boolean(box.current?.contains(document.activeElement));
  useLayoutEffect(() => { if (hadFocus && isFocusLost()) box.current?.focus(); });
  return box;
}

function isFocusLost() {
  return document.activeElement === null || document.activeElement === document.body;
}

// As long as something goes on that ends with the page, the browser asks before the page is left.
function useUnsaved(isUnsaved) {
  useEffect(() => {
    if (!isUnsaved) return undefined;
    const warn = (event) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isUnsaved]);
}

// For a page that is new: the screen reader begins there, and the Tab key too.
function focusMain() {
  document.getElementById("main").focus({ preventScroll: true });
}
