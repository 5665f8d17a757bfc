package io.lb4j.simulator;

import io.lb4j.simulator.Target.Subject;
import io.lb4j.simulator.Target.Verdict;
import io.lb4j.strategy.Strategies;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * What the default strategy is to attain, and what it does, on seeds that nothing was tuned on; and beside it the cheapest that looks at
 * load, {@link Strategies#powerOfTwoChoices()}. Prints a table.
 */
public final class Targets {
    /** Strategies were tuned on 1, 101 and others below a thousand. */
    private static final long[] HELD_OUT = {7001, 7002, 7003};

    private static final List<Subject> SUBJECTS = List.of(
            new Subject("default", Strategies.defaultStrategy()),
            new Subject("two choices", Strategies.powerOfTwoChoices()));

    private Targets() {}

    /**
     * Tries all of them, or some.
     *
     * @param args words that are in the names of targets or scenarios; none for all
     */
    public static void main(String[] args) {
        String words = String.join(" ", args).toLowerCase(Locale.ROOT);
        List<Target> some = TargetList.all().stream()
                .filter(each -> (each.what() + ": " + each.scenario())
                        .toLowerCase(Locale.ROOT)
                        .contains(words))
                .toList();
        if (some.isEmpty()) {
            System.err.println("targets: none with \"" + words + "\" (expected: words of a target or scenario)");
            return;
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(table(some, new Bench(HELD_OUT)));
    }

    /** One line for each target, in Markdown. */
    static String table(List<Target> targets, Bench bench) {
        StringBuilder text =
                new StringBuilder("| target | scenario | needed | default | two choices |\n|---|---|---|---|---|\n");
        targets.parallelStream().map(each -> line(each, bench)).forEachOrdered(text::append);
        return text.toString();
    }

    private static String line(Target target, Bench bench) {
        StringBuilder line =
                new StringBuilder("| " + target.what() + " | " + target.scenario() + " | " + target.limit(bench));
        for (Subject subject : SUBJECTS) {
            Verdict verdict = target.judge(bench, subject);
            line.append(" | ").append(verdict.met() ? verdict.text() : "**" + verdict.text() + "** missed");
        }
        return line.append(" |\n").toString();
    }
}
