"""One line for each figure: ours, what stands beside it in the same run, the budget, and whether it is met."""


class Table:
    def __init__(self):
        self.budgets = self.met = 0

    def title(self, words):
        print(f"\n{words}", flush=True)

    def row(self, what, ours, beside="", found="", budget="", met=None):
        verdict = {True: "met", False: "NOT MET", None: ""}[met]
        if met is not None:
            self.budgets += 1
            self.met += met
        line = f"  {what:<30} {ours:>10} {beside:>16} {found:>8} {budget:>8} {verdict}"
        print(line.rstrip(), flush=True)

    def note(self, words):
        print(f"  {words}", flush=True)

    def end(self):
        if self.budgets:
            print(f"\n{self.met} of {self.budgets} budgets met")


def ms(nanoseconds, digits=2):
    return f"{nanoseconds / 1e6:,.{digits}f} ms"


def mb(kilobytes):
    return f"{kilobytes / 1024:.1f} MB"


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
