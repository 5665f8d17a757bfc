package io.lb4j.verifier;

import static io.lb4j.testing.StrategyCheck.ANY_SET;
import static io.lb4j.testing.StrategyCheck.COUNTS_RETURN;
import static io.lb4j.testing.StrategyCheck.FURTHER_ATTEMPTS;
import static io.lb4j.testing.StrategyCheck.KEYS_RETURN;
import static io.lb4j.testing.StrategyCheck.KEYS_STAY;
import static io.lb4j.testing.StrategyCheck.NO_GARBAGE;
import static io.lb4j.testing.StrategyCheck.ONE_INSTANCE;
import static io.lb4j.testing.StrategyCheck.ONLY_CANDIDATES;
import static io.lb4j.testing.StrategyCheck.REPEATABLE;
import static io.lb4j.testing.StrategyCheck.SERVICES_APART;
import static io.lb4j.testing.StrategyCheck.SHARES;
import static io.lb4j.testing.StrategyCheck.STATE_KEPT;
import static io.lb4j.testing.StrategyCheck.THREADS;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadReport;
import io.lb4j.Outcome;
import io.lb4j.Picker;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Tracker;
import io.lb4j.testing.StrategyCheck;
import io.lb4j.testing.StrategyVerifier;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A mistake that somebody might make, the check that must find it, and a word of what that has to say.
 *
 * @param name what the strategy does wrong
 * @param verifier of the strategy, with what it claims
 * @param check what must find it
 * @param says part of the error
 */
record Broken(String name, StrategyVerifier verifier, StrategyCheck check, String says) {
    static final List<Broken> ALL = List.of(
            evenly("draws from all but the last", Broken::allButTheLast, ONE_INSTANCE, "bound must be positive"),
            byWeight("truncates weights", Broken::truncatesWeights, ANY_SET, "bound must be positive"),
            silent("remembers its favourite", Broken::remembersFavourite, ONLY_CANDIDATES, "a stranger"),
            silent("calls ejected instances", Broken::callsEjected, ONLY_CANDIDATES, "a stranger"),
            silent("has no pick now and then", Broken::picksNull, ONLY_CANDIDATES, "returned null"),
            silent("throws when preferred instances fail", Broken::throwsOnSmallSets, ONLY_CANDIDATES, "too few"),
            silent("relies on reports", Broken::reliesOnReports, ONLY_CANDIDATES, "nothing reported"),
            evenly("gives up when all were tried", Broken::givesUp, FURTHER_ATTEMPTS, "all tried"),
            evenly("draws its own randomness", Broken::ownRandomness, REPEATABLE, "Eligible.random()"),
            evenly("has one position for all services", Broken::sharedPosition, SERVICES_APART, "not in the strategy"),
            evenly("begins anew with each picker", Broken::beginsAnew, STATE_KEPT, "new picker for every call"),
            silent("has a key for each picker", Broken::newKeys, STATE_KEPT, "20 new state keys"),
            byWeight("ignores weights", Sound::uniform, SHARES, "chi-square"),
            evenly("follows weights", Sound::weighted, SHARES, "chi-square"),
            evenly("counts picks as calls", Broken::countsPicks, COUNTS_RETURN, "all of which ended"),
            evenly("forgets cancelled calls", Broken::forgetsCancelled, COUNTS_RETURN, "all of which ended"),
            keyed("places keys by discovery's order", BrokenKeys::byDiscoveryOrder, KEYS_STAY, "another order"),
            keyed("draws a place per key", BrokenKeys::drawsPlaces, KEYS_STAY, "another process"),
            keyed("insists on the key's home", BrokenKeys::insists, KEYS_STAY, "order of preference"),
            keyed("has a favourite", BrokenKeys::favourite, KEYS_STAY, "on 1 of 20 instances"),
            keyed(
                    "divides keys by the number of instances",
                    BrokenKeys::dividesKeys,
                    KEYS_RETURN,
                    "keys of other instances"),
            keyed("leaves keys where they went", BrokenKeys::leavesKeys, KEYS_RETURN, "come back"),
            silent("refills one table", Broken::refillsOneTable, THREADS, "while threads called"),
            evenly("collects candidates", Broken::collects, NO_GARBAGE, "a pick makes"),
            evenly("keeps notes of calls", Broken::keepsNotes, NO_GARBAGE, "apart from its lease"));

    static List<Broken> all() {
        return ALL;
    }

    private static Broken silent(String name, Supplier<Strategy> strategy, StrategyCheck check, String says) {
        return new Broken(name, StrategyVerifier.of(strategy), check, says);
    }

    private static Broken evenly(String name, Supplier<Strategy> strategy, StrategyCheck check, String says) {
        return new Broken(name, StrategyVerifier.of(strategy).spreadsEvenly(), check, says);
    }

    private static Broken byWeight(String name, Supplier<Strategy> strategy, StrategyCheck check, String says) {
        return new Broken(name, StrategyVerifier.of(strategy).followsWeights(), check, says);
    }

    private static Broken keyed(String name, Supplier<Strategy> strategy, StrategyCheck check, String says) {
        return new Broken(name, StrategyVerifier.of(strategy).keepsKeys(), check, says);
    }

    @Override
    public String toString() {
        return name;
    }

    private static Strategy allButTheLast() {
        return eligible -> request -> eligible.get(eligible.random().nextInt(eligible.size() - 1));
    }

    private static Strategy truncatesWeights() {
        return eligible -> {
            int sum = 0;
            for (int i = 0; i < eligible.size(); i++) {
                sum += (int) eligible.weight(i);
            }
            int total = sum;
            return request -> {
                int point = eligible.random().nextInt(total);
                int i = 0;
                while (point >= (int) eligible.weight(i)) {
                    point -= (int) eligible.weight(i++);
                }
                return eligible.get(i);
            };
        };
    }

    private static Strategy remembersFavourite() {
        StateKey<AtomicReference<Candidate>> key = StateKey.create("favourite");
        return eligible -> {
            AtomicReference<Candidate> favourite = eligible.state(key, () -> new AtomicReference<>(eligible.get(0)));
            return request -> favourite.get();
        };
    }

    private static Strategy callsEjected() {
        StateKey<AtomicReference<Candidate>> key = StateKey.create("favourite");
        return eligible -> {
            AtomicReference<Candidate> favourite = eligible.state(key, () -> new AtomicReference<>(eligible.get(0)));
            if (!eligible.known().contains(favourite.get().instance())) {
                favourite.set(eligible.get(0));
            }
            Candidate current = favourite.get();
            return request -> current;
        };
    }

    @SuppressWarnings("NullAway")
    private static Strategy picksNull() {
        return eligible -> request -> eligible.random().nextInt(1000) == 0 ? null : eligible.get(0);
    }

    private static Strategy throwsOnSmallSets() {
        return eligible -> {
            if (eligible.size() == 2 && eligible.known().size() > 3) {
                throw new IllegalStateException("too few");
            }
            return Sound.uniformPicker(eligible);
        };
    }

    private static Strategy reliesOnReports() {
        StateKey<Reported> key = StateKey.create("reported");
        return eligible -> {
            for (int i = 0; i < eligible.size(); i++) {
                eligible.get(i).tracker(key, Reported::new);
            }
            return Sound.uniformPicker(eligible);
        };
    }

    private static final class Reported implements Tracker {
        @Override
        public void onLoadReport(LoadReport report, long nowNanos) {
            if (report.cpuUtilization() == 0) {
                throw new IllegalStateException("nothing reported");
            }
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {}
    }

    private static Strategy givesUp() {
        return eligible -> {
            Picker uniform = Sound.uniformPicker(eligible);
            return request -> {
                if (request.excludedCount() >= eligible.size() && eligible.size() > 3) {
                    throw new IllegalStateException("all tried");
                }
                return uniform.pick(request);
            };
        };
    }

    /** Not in the list above, as it takes a while to be found out: see StrategyVerifierTest. */
    static Strategy looksForEver() {
        return eligible -> request -> {
            Candidate pick;
            do {
                pick = eligible.get(eligible.random().nextInt(eligible.size()));
            } while (request.excludes(pick) && !Thread.currentThread().isInterrupted());
            return pick;
        };
    }

    /** The same. */
    static Strategy waitsOnCallers() {
        return eligible -> request -> {
            while (Thread.currentThread().getName().startsWith("caller")
                    && !Thread.currentThread().isInterrupted()) {
                LockSupport.park();
            }
            return eligible.get(0);
        };
    }

    private static Strategy ownRandomness() {
        return eligible -> request -> eligible.get(ThreadLocalRandom.current().nextInt(eligible.size()));
    }

    private static Strategy sharedPosition() {
        AtomicInteger next = new AtomicInteger();
        return eligible -> request -> eligible.get(Math.floorMod(next.getAndIncrement(), eligible.size()));
    }

    private static Strategy beginsAnew() {
        return eligible -> {
            AtomicInteger next = new AtomicInteger();
            return request -> eligible.get(Math.floorMod(next.getAndIncrement(), eligible.size()));
        };
    }

    private static Strategy newKeys() {
        return eligible -> {
            Busy.ofAll(eligible, StateKey.create("busy"), true);
            return Sound.uniformPicker(eligible);
        };
    }

    private static Strategy countsPicks() {
        StateKey<Busy> key = StateKey.create("busy");
        return eligible -> {
            Busy[] busy = Busy.ofAll(eligible, key, false);
            return request -> {
                int pick = Busy.least(busy, eligible);
                busy[pick].calls.incrementAndGet();
                return eligible.get(pick);
            };
        };
    }

    private static Strategy forgetsCancelled() {
        StateKey<Busy> key = StateKey.create("busy");
        return eligible -> {
            Busy[] busy = Busy.ofAll(eligible, key, true);
            for (Busy each : busy) {
                each.forgetsCancelled = true;
            }
            return request -> eligible.get(Busy.least(busy, eligible));
        };
    }

    /** A count of calls. */
    private static final class Busy implements Tracker {
        private final AtomicInteger calls = new AtomicInteger();
        private final boolean countsStarts;
        private volatile boolean forgetsCancelled;

        private Busy(boolean countsStarts) {
            this.countsStarts = countsStarts;
        }

        static Busy[] ofAll(Eligible eligible, StateKey<Busy> key, boolean countsStarts) {
            Busy[] all = new Busy[eligible.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = eligible.get(i).tracker(key, () -> new Busy(countsStarts));
            }
            return all;
        }

        /** The less busy of two. */
        static int least(Busy[] busy, Eligible eligible) {
            int one = eligible.random().nextInt(busy.length);
            int other = eligible.random().nextInt(busy.length);
            return busy[other].calls.get() < busy[one].calls.get() ? other : one;
        }

        @Override
        public void onStart(long nowNanos) {
            if (countsStarts) {
                calls.incrementAndGet();
            }
        }

        @Override
        public void onEnd(Outcome outcome, long startNanos, long nowNanos) {
            if (!forgetsCancelled || outcome.kind() != Outcome.Kind.IGNORED) {
                calls.decrementAndGet();
            }
        }
    }

    /** The table is so large that it is being refilled most of the time, whatever else the machine has to do. */
    private static Strategy refillsOneTable() {
        StateKey<Candidate[]> key = StateKey.create("table");
        return eligible -> {
            Candidate[] table = eligible.state(key, () -> new Candidate[1 << 16]);
            for (int i = 0; i < table.length; i++) {
                table[i] = eligible.get(i % eligible.size());
            }
            return request -> table[eligible.random().nextInt(table.length)];
        };
    }

    /** Keeps garbage from being optimised away. */
    @Nullable
    static volatile Object sink;

    private static Strategy collects() {
        return eligible -> request -> {
            List<Candidate> all = BrokenKeys.candidates(eligible);
            sink = all;
            return all.get(eligible.random().nextInt(all.size()));
        };
    }

    private static Strategy keepsNotes() {
        StateKey<Tracker> key = StateKey.create("notes");
        return eligible -> {
            for (int i = 0; i < eligible.size(); i++) {
                eligible.get(i).tracker(key, () -> (outcome, start, now) -> sink = new long[] {start, now});
            }
            return Sound.uniformPicker(eligible);
        };
    }
}
