package io.lb4j.simulator;

import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.simulator.Target.Unit;
import io.lb4j.simulator.published.Published;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** What a strategy out of the box is to attain, and in which scenario. */
final class TargetList {
    private static final Algorithm PREQUAL = Published.prequal();
    private static final Algorithm BOUND = Algorithm.shortestQueue();
    private static final List<Algorithm> OTHERS = Published.all().stream()
            .filter(each -> !each.name().equals(PREQUAL.name()))
            .toList();

    private final List<Target> all = new ArrayList<>();

    private TargetList() {}

    static List<Target> all() {
        TargetList list = new TargetList();
        list.prequal();
        list.clients();
        list.calls();
        DialogueColumn.ALL.forEach(list::dialogue);
        list.twoServers();
        list.never();
        return List.copyOf(list.all);
    }

    private static double mean(Result result) {
        return millis(result.mean());
    }

    private static double p99(Result result) {
        return millis(result.p99());
    }

    private static double p999(Result result) {
        return millis(result.p999());
    }

    private static double millis(Duration time) {
        return time.toNanos() / 1e6;
    }

    private void most(String what, Scenario scenario, Unit unit, double limit, ToDoubleFunction<Result> figure) {
        all.add(new Target(
                what,
                scenario.name(),
                unit,
                true,
                bench -> limit,
                (bench, subject) -> bench.figure(scenario, subject.plain(), figure)));
    }

    private void least(String what, Scenario scenario, Unit unit, double limit, ToDoubleFunction<Result> figure) {
        all.add(new Target(
                what,
                scenario.name(),
                unit,
                false,
                bench -> limit,
                (bench, subject) -> bench.figure(scenario, subject.plain(), figure)));
    }

    private void prequal() {
        for (Scenario bed : PrequalBed.all()) {
            if (bed.name().contains("1.27") || bed.name().contains("1.74")) {
                least("no errors", bed, Unit.PERCENT, 1, Result::success);
            } else {
                quick(bed, "p99, 1.02 times Prequal's", bench -> 1.02 * bench.figure(bed, PREQUAL, TargetList::p99));
                quick(bed, "p99, best of all other rules", bench -> bestOfOthers(bench, bed, TargetList::p99));
                quick(
                        bed,
                        "p99, 1.25 times the shortest queue's",
                        bench -> 1.25 * bench.figure(bed, BOUND, TargetList::p99));
            }
        }
    }

    private void quick(Scenario bed, String what, Function<Bench, Double> limit) {
        all.add(new Target(
                what,
                bed.name(),
                Unit.MILLIS,
                true,
                limit,
                (bench, subject) -> bench.figure(bed, subject.plain(), TargetList::p99)));
    }

    private static double bestOfOthers(Bench bench, Scenario scenario, ToDoubleFunction<Result> figure) {
        return OTHERS.stream()
                .filter(each -> bench.figure(scenario, each, Result::success) > 0.999)
                .mapToDouble(each -> bench.figure(scenario, each, figure))
                .min()
                .orElseThrow();
    }

    private void clients() {
        Scenario hundred = Scenarios.named("100 clients, 100 servers, 90 %");
        // Ten milliseconds are a service time, and the network takes half a millisecond.
        most("mean in service times", hundred, Unit.TIMES, 1.5, result -> (mean(result) - 0.5) / 10);
        Scenario silent = Scenarios.named("100 clients, 100 servers, 90 %, nobody reports");
        all.add(new Target(
                "mean, best of all other rules",
                silent.name(),
                Unit.MILLIS,
                true,
                bench -> bestOfOthers(bench, silent, TargetList::mean),
                (bench, subject) -> bench.figure(silent, subject.plain(), TargetList::mean)));
        most("p99", C3Bed.of(500, Duration.ofSeconds(5)), Unit.MILLIS, 50, TargetList::p99);
        least(
                "answered within a second",
                Scenarios.named("Peak EWMA's bed, one of eleven takes two seconds"),
                Unit.PERCENT,
                0.9995,
                result -> result.within(Duration.ofSeconds(1)));
        most("busiest / mean", Scenarios.named("10 servers of 100 cores, 80 %"), Unit.TIMES, 1.1, Result::imbalance);
    }

    private void calls() {
        Scenario tail = Scenarios.named("the tail at scale");
        Algorithm.Settings hedged = Algorithm.Settings.DEFAULT.hedged(HedgePolicy.defaults());
        all.add(new Target(
                "p99.9 cut by hedges, times",
                tail.name(),
                Unit.TIMES,
                false,
                bench -> 20.0,
                (bench, subject) -> bench.figure(tail, subject.plain(), TargetList::p999)
                        / bench.figure(tail, subject.with("hedged", hedged), TargetList::p999)));
        all.add(new Target(
                "attempts per call with hedges",
                tail.name(),
                Unit.TIMES,
                true,
                bench -> 1.02,
                (bench, subject) -> bench.figure(tail, subject.with("hedged", hedged), Result::attemptsPerCall)));
        for (String name : List.of("everything fails", "everything is gone")) {
            most("attempts per call", Scenarios.named(name), Unit.TIMES, 1.1, Result::attemptsPerCall);
        }
        least("success", Scenarios.named("one call in a hundred fails, 50 %"), Unit.PERCENT, 0.9999, Result::success);
        least("success", Scenarios.named("after three seconds of 200 %, 70 %"), Unit.PERCENT, 0.999, Result::success);
    }

    /**
     * What Dialogue's own report has for the best of its three clients, or more where more was aimed at.
     *
     * @param meanMillis 0 if it isn't known
     */
    private record DialogueColumn(String scenario, double success, double meanMillis) {
        static final List<DialogueColumn> ALL = List.of(
                new DialogueColumn("simplest possible case", 1, 785.8),
                new DialogueColumn("slow 503s then revert", 1, 88.9),
                new DialogueColumn("fast 400s then revert", 0.936, 113.6),
                new DialogueColumn("drastic slowdown", 1, 252.0),
                new DialogueColumn("black hole", 0.995, 600.1),
                new DialogueColumn("one endpoint dies on each server", 0.98, 0),
                new DialogueColumn("live reloading", 0.98, 7191.9),
                new DialogueColumn("one big spike", 1, 1579.7));
    }

    private void dialogue(DialogueColumn column) {
        Scenario scenario = Scenarios.named(column.scenario());
        least("success", scenario, Unit.PERCENT, column.success(), Result::success);
        if (column.meanMillis() > 0) {
            most("mean", scenario, Unit.MILLIS, column.meanMillis(), TargetList::mean);
        }
        Scenario once = DialogueBed.once(column.scenario());
        least("success, calls made once", once, Unit.PERCENT, column.success(), Result::success);
        if (column.scenario().equals("one big spike")) {
            Algorithm.Settings limited = Algorithm.Settings.DEFAULT.limited(
                    ConcurrencyLimit.aimd(), new CallQueue(1000, Duration.ofSeconds(10), Duration.ofSeconds(10)));
            all.add(new Target(
                    "success with limits and a queue",
                    scenario.name(),
                    Unit.PERCENT,
                    false,
                    bench -> column.success(),
                    (bench, subject) -> bench.figure(scenario, subject.with("limited", limited), Result::success)));
        }
    }

    private void twoServers() {
        most(
                "the slow one's share",
                Scenarios.named("two servers, one half as fast, 70 %"),
                Unit.PERCENT,
                1 / 3.0,
                TargetList::slowShare);
        most(
                "the slow one's share",
                Scenarios.named("two servers, one ten times slower, 60 %"),
                Unit.PERCENT,
                1 / 11.0,
                TargetList::slowShare);
    }

    private static double slowShare(Result result) {
        return result.share("slow");
    }

    private void never() {
        for (Scenario scenario : Scenarios.all()) {
            all.add(new Target(
                    "worse than random",
                    scenario.name(),
                    Unit.COUNT,
                    true,
                    bench -> 0.0,
                    (bench, subject) -> worse(bench, scenario, subject.plain()) ? 1 : 0));
        }
    }

    /** Answers fewer calls, or as many in more time; with a tolerance for chance. */
    private static boolean worse(Bench bench, Scenario scenario, Algorithm algorithm) {
        Algorithm random = Published.random();
        double more =
                bench.figure(scenario, algorithm, Result::success) - bench.figure(scenario, random, Result::success);
        double slower =
                bench.figure(scenario, algorithm, TargetList::mean) / bench.figure(scenario, random, TargetList::mean);
        return more < -0.001 || (more < 0.001 && slower > 1.02);
    }
}
