package io.lb4j.simulator;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import io.lb4j.strategy.Strategies;
import io.lb4j.strategy.decorator.Decorators;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What decides where calls go: a strategy in the shipped engine with its settings, or a bound. Immutable. */
public final class Algorithm {
    private final String name;
    private final boolean bound;
    private final boolean needsCores;
    private final Function<World, Function<Integer, Caller>> callers;

    private Algorithm(
            String name, boolean bound, boolean needsCores, Function<World, Function<Integer, Caller>> callers) {
        this.name = name;
        this.bound = bound;
        this.needsCores = needsCores;
        this.callers = callers;
    }

    /**
     * The engine's settings.
     *
     * @param hedge null for none
     * @param limit of calls in flight for each server; null for none
     * @param queue where calls wait while every server has as many as its limit allows; null for none
     * @param budgetRatio as {@code ServiceSettings.retryBudget}
     */
    public record Settings(
            RetryPolicy retries,
            double budgetRatio,
            int budgetPerSecond,
            OutlierDetection outlierDetection,
            SlowStart slowStart,
            @Nullable HedgePolicy hedge,
            @Nullable ConcurrencyLimit limit,
            @Nullable CallQueue queue) {
        /** What a service has that sets nothing. */
        public static final Settings DEFAULT = new Settings(
                RetryPolicy.defaults(), 0.2, 10, OutlierDetection.DEFAULT, SlowStart.DEFAULT, null, null, null);

        /** The choice alone: no retries, no ejection, no slow start. */
        public static final Settings BARE =
                new Settings(RetryPolicy.none(), 0.2, 10, OutlierDetection.OFF, SlowStart.OFF, null, null, null);

        /** The same with hedges. */
        public Settings hedged(HedgePolicy policy) {
            return new Settings(
                    retries, budgetRatio, budgetPerSecond, outlierDetection, slowStart, policy, limit, queue);
        }

        /** The same with other retries. */
        public Settings retries(RetryPolicy policy) {
            return new Settings(policy, budgetRatio, budgetPerSecond, outlierDetection, slowStart, hedge, limit, queue);
        }

        /** The same with another budget for retries. */
        public Settings budget(double ratio, int perSecond) {
            return new Settings(retries, ratio, perSecond, outlierDetection, slowStart, hedge, limit, queue);
        }

        /** The same with limits of calls in flight, and a queue for calls that find no room. */
        public Settings limited(ConcurrencyLimit calls, @Nullable CallQueue waiting) {
            return new Settings(
                    retries, budgetRatio, budgetPerSecond, outlierDetection, slowStart, hedge, calls, waiting);
        }
    }

    /** A service that sets nothing: default strategy, default health, default retries. */
    public static Algorithm byDefault() {
        return of("default", Strategies.defaultStrategy());
    }

    /** A strategy with default settings. */
    public static Algorithm of(String name, Strategy strategy) {
        return of(name, strategy, Settings.DEFAULT);
    }

    /** A strategy. */
    public static Algorithm of(String name, Strategy strategy, Settings settings) {
        return probing(name, probe -> strategy, settings);
    }

    /** A strategy that asks servers how busy they are. */
    public static Algorithm probing(String name, Function<LoadProbe, Strategy> strategy, Settings settings) {
        return new Algorithm(name, false, false, world -> {
            Strategy made = strategy.apply(world.probe());
            int subset = world.scenario.subset();
            int clients = world.scenario.clients();
            return client -> new EngineCaller(
                    world, subset == 0 ? made : Decorators.subset(subset, client, clients, made), settings);
        });
    }

    /**
     * A whole client of Dialogue with BALANCED, retries, queue and all.
     *
     * @param limited whether each node has the limit of calls in flight that it earns
     */
    public static Algorithm dialogueBalanced(boolean limited) {
        return new Algorithm(
                "Dialogue whole, BALANCED" + (limited ? "" : " without limits"),
                false,
                false,
                world -> client -> new DialogueCaller(world, limited, DialogueNodes.Balanced::new));
    }

    /** A whole client of Dialogue with PIN_UNTIL_ERROR, limits, retries, queue and all. */
    public static Algorithm dialoguePinned() {
        return new Algorithm(
                "Dialogue whole, PIN_UNTIL_ERROR",
                false,
                false,
                world -> client -> new DialogueCaller(world, true, DialogueNodes.Pinned::new));
    }

    /** The bound: one queue for all servers, each of which takes the next call when it has a core free. */
    public static Algorithm centralQueue() {
        return new Algorithm("central queue", true, true, world -> {
            Caller all = new CentralQueue(world);
            return client -> all;
        });
    }

    /** The bound for whoever must decide at once: the server with the least work for its speed, which is known exactly. */
    public static Algorithm shortestQueue() {
        return new Algorithm("shortest queue", true, false, world -> {
            Caller all = new ShortestQueue(world);
            return client -> all;
        });
    }

    /** Its name, as reports have it. */
    public String name() {
        return name;
    }

    /** Whether it is a bound, which knows what nobody can know. */
    public boolean isBound() {
        return bound;
    }

    /**
     * Whether it says anything of this scenario: servers that follow a script have no cores that could become free, and where not
     * every server can serve every call there is no one queue.
     */
    boolean appliesTo(Scenario scenario) {
        return !needsCores
                || (scenario.replicas() == 0
                        && scenario.servers().stream()
                                .allMatch(server -> server.spec().script() == null));
    }

    Function<Integer, Caller> callers(World world) {
        return callers.apply(world);
    }

    @Override
    public String toString() {
        return name;
    }
}
