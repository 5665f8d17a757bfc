package io.lb4j.strategy;

import io.lb4j.Candidate;
import io.lb4j.Eligible;
import io.lb4j.LoadProbe;
import io.lb4j.Picker;
import io.lb4j.Scheduler;
import io.lb4j.StateKey;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The answers that calls of one service choose from. Picks read a view and note their demand; one task does the rest. */
final class LoadPool {
    /*
     * Prequal, NSDI 2024, section 4: an answer leaves the pool when a newer one of the same instance or too many of others
     * come in, when it is too old, when it was used as often as its budget allows, and, for each call, when it is the oldest
     * or the worst, in turn: without that, answers nobody wants would fill the pool.
     *
     * The budget makes answers last just as long as it takes for new ones to come in: of r probes for a call, m/n are of
     * instances that have an answer in the pool, which is replaced, and some answers are dropped unused. What is left must
     * exceed the uses by the surplus. Fractions are rounded at random.
     *
     * Nothing happens unless there are calls: a balancer that was closed makes none, so there is nothing to end.
     */
    private static final int NO_LIMIT = Integer.MAX_VALUE;
    private static final int REMEMBERED = 128;

    /** An answer without a probe counts as a probe of which a third is dropped, as by default. */
    private static final double REMOVED_SHARE = 1 / 3.0;

    /** Without probes nothing is heard of an instance that gets no calls, so some calls go to any. */
    private static final double TRIED_SHARE = 1 / 32.0;

    private final StateKey<PooledInstance> key = StateKey.create("load for the pool");
    private final Prequal settings;
    private final @Nullable ProbeRound probes;
    private final Scheduler scheduler;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final Runnable upkeep = this::upkeep;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicLong picks = new AtomicLong();
    private final AtomicReference<@Nullable PooledInstance> news = new AtomicReference<>();
    private final FleetLoad fleet = new FleetLoad();

    /** Replaced by upkeep and with each picker. */
    private volatile View view = new View(null, new PooledLoad[0], 0, Silent.NOBODY);

    /** All that follows is guarded by this pool's lock, which no pick takes. */
    private IdentityHashMap<Candidate, Seat> seats = new IdentityHashMap<>();

    /** Loads seen lately, in a ring. */
    private final double[] seen = new double[REMEMBERED];

    private int seenCount;
    private double removalsOwed;
    private Eligible eligible;
    private Members members;
    private boolean silentChanged;
    private boolean worstNext;

    /** What picks choose from: the newest answer first. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record View(@Nullable Members members, PooledLoad[] loads, double hotAbove, Silent silent) {}

    /**
     * Instances that never answered a probe: most likely they can't. They get the share of their weight, and from each other
     * are told apart by this client's own calls. In the pool they would get no calls, or, as busy as the mean, none either:
     * half of a service would have to bear all of its load while reporting is rolled out.
     *
     * @param share of the weight
     */
    record Silent(double share, Picker picker) {
        static final Silent NOBODY = new Silent(0, request -> {
            throw new IllegalStateException("no silent instance");
        });
    }

    /** A candidate of the current picker, and its weight over the mean. */
    private record Seat(PooledInstance instance, double weight) {}

    LoadPool(Prequal settings, @Nullable LoadProbe probe, Eligible eligible) {
        this.settings = settings;
        this.eligible = eligible;
        this.members = Members.of(eligible);
        this.scheduler = eligible.scheduler();
        this.ticker = eligible.ticker();
        this.random = eligible.random();
        this.probes = probe == null ? null : new ProbeRound(settings, probe, this);
    }

    Ticker ticker() {
        return ticker;
    }

    RandomGenerator random() {
        return random;
    }

    FleetLoad fleet() {
        return fleet;
    }

    View view() {
        return view;
    }

    /** A picker for these candidates is made: answers of others are dropped. */
    synchronized void serve(Members candidates, Eligible set) {
        eligible = set;
        members = candidates;
        IdentityHashMap<Candidate, Seat> present = new IdentityHashMap<>();
        double total = 0;
        for (double weight : members.weights) {
            total += weight;
        }
        PooledInstance[] instances = new PooledInstance[members.size];
        for (int i = 0; i < members.size; i++) {
            Candidate candidate = members.candidates[i];
            PeakResponseTime times = TimeLoad.times(candidate);
            instances[i] = candidate.tracker(key, () -> new PooledInstance(candidate, times, this, probes == null));
            present.put(candidate, new Seat(instances[i], members.weights[i] * members.size / total));
        }
        seats = present;
        if (probes != null) {
            probes.serve(instances);
        }
        List<PooledLoad> kept = new ArrayList<>();
        for (PooledLoad each : view.loads) {
            if (present.containsKey(each.candidate)) {
                kept.add(each);
            }
        }
        view = new View(members, kept.toArray(new PooledLoad[0]), view.hotAbove, silent());
    }

    /** A pick was made. */
    void picked() {
        picks.getAndIncrement();
        wake();
    }

    /** This instance has something to say. */
    void tell(PooledInstance instance) {
        if (instance.queue()) {
            while (true) {
                PooledInstance first = news.get();
                instance.behind = first;
                if (news.compareAndSet(first, instance)) {
                    break;
                }
            }
            wake();
        }
    }

    private void wake() {
        if (!scheduled.getOpaque() && scheduled.compareAndSet(false, true)) {
            later(upkeep, Duration.ZERO);
        }
    }

    Scheduler.Task later(Runnable task, Duration delay) {
        try {
            return scheduler.schedule(task, delay);
        } catch (RuntimeException e) {
            // An application that shuts its executor down first must not see that as a failed pick.
            return Scheduler.shared().schedule(task, delay);
        }
    }

    private void upkeep() {
        scheduled.set(false);
        int calls = (int) Math.min(Integer.MAX_VALUE, picks.getAndSet(0));
        tidy(calls);
        if (probes != null) {
            probes.send(calls);
        }
    }

    private synchronized void tidy(int calls) {
        long now = ticker.nanos();
        List<PooledLoad> loads = new ArrayList<>(Arrays.asList(view.loads));
        takeNews(loads);
        loads.removeIf(each -> each.spent() || now - each.at > settings.maxAge().toNanos());
        double hotAbove = hotAbove();
        removalsOwed = Math.min(loads.size(), removalsOwed + calls * removalsPerCall());
        while (removalsOwed >= 1 && !loads.isEmpty()) {
            removalsOwed--;
            loads.remove(worstNext ? worst(loads, hotAbove) : loads.size() - 1);
            worstNext = !worstNext;
        }
        Silent silent = silentChanged ? silent() : view.silent;
        silentChanged = false;
        view = new View(members, loads.toArray(new PooledLoad[0]), hotAbove, silent);
    }

    private Silent silent() {
        if (probes == null) {
            return new Silent(TRIED_SHARE, new PowerOfTwoChoices().newPicker(eligible));
        }
        List<Candidate> found = new ArrayList<>();
        double[] weights = new double[members.size];
        double all = 0;
        double theirs = 0;
        for (int i = 0; i < members.size; i++) {
            Seat seat = seats.get(members.candidates[i]);
            all += members.weights[i];
            if (seat != null && seat.instance.silent()) {
                weights[found.size()] = members.weights[i];
                theirs += members.weights[i];
                found.add(members.candidates[i]);
            }
        }
        return found.isEmpty()
                ? Silent.NOBODY
                : new Silent(
                        theirs / all,
                        new PowerOfTwoChoices()
                                .newPicker(eligible.select(found, Arrays.copyOf(weights, found.size()))));
    }

    private void takeNews(List<PooledLoad> loads) {
        List<PooledInstance> told = new ArrayList<>();
        for (PooledInstance each = news.getAndSet(null); each != null; each = each.behind) {
            told.add(each);
        }
        // The one told last came off first.
        for (int i = told.size() - 1; i >= 0; i--) {
            PooledInstance instance = told.get(i);
            // Or one that has nothing to say any more would keep those that left, one behind the other.
            instance.behind = null;
            instance.taken();
            silentChanged |= instance.judge();
            Seat seat = seats.get(instance.candidate);
            loads.removeIf(each -> each.candidate == instance.candidate);
            double inFlight = instance.inFlight();
            if (seat == null || Double.isNaN(inFlight)) {
                continue;
            }
            PooledLoad load = new PooledLoad(
                    instance.candidate,
                    instance.times,
                    inFlight,
                    instance.latency(),
                    seat.weight,
                    instance.at(),
                    budget());
            seen[seenCount++ % REMEMBERED] = load.load();
            seenCount = seenCount == 2 * REMEMBERED ? REMEMBERED : seenCount;
            loads.add(0, load);
            if (loads.size() > settings.poolSize()) {
                loads.remove(loads.size() - 1);
            }
        }
    }

    /** How often an answer that comes now may be used. */
    synchronized int budget() {
        double size = Math.min(settings.poolSize(), seats.size());
        double left = (1 - size / seats.size()) * answersPerCall() - removalsPerCall();
        if (left <= 0) {
            return NO_LIMIT;
        }
        double reuse = Math.max(1, (1 + settings.surplus()) / left);
        if (reuse >= NO_LIMIT) {
            return NO_LIMIT;
        }
        int whole = (int) reuse;
        return whole + (random.nextDouble() < reuse - whole ? 1 : 0);
    }

    private double answersPerCall() {
        return probes == null ? 1 : settings.probesPerCall();
    }

    private double removalsPerCall() {
        return probes == null ? Math.min(REMOVED_SHARE, settings.removalsPerCall()) : settings.removalsPerCall();
    }

    private double hotAbove() {
        double quantile = settings.hotQuantile();
        int known = Math.min(seenCount, REMEMBERED);
        if (quantile >= 1 || known == 0) {
            return Double.POSITIVE_INFINITY;
        }
        if (quantile <= 0) {
            return -1;
        }
        double[] sorted = Arrays.copyOf(seen, known);
        Arrays.sort(sorted);
        return sorted[Math.min(known - 1, (int) (quantile * known))];
    }

    /** The one that would be taken last. */
    private static int worst(List<PooledLoad> loads, double hotAbove) {
        int worst = 0;
        for (int i = 1; i < loads.size(); i++) {
            if (worse(loads.get(i), loads.get(worst), hotAbove)) {
                worst = i;
            }
        }
        return worst;
    }

    private static boolean worse(PooledLoad one, PooledLoad other, double hotAbove) {
        boolean hot = one.load() > hotAbove;
        if (hot != other.load() > hotAbove) {
            return hot;
        }
        return hot ? one.load() > other.load() : other.quicker(one);
    }
}
