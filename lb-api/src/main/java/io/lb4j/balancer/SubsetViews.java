package io.lb4j.balancer;

import io.lb4j.PickRequest;
import io.lb4j.Picker;
import io.lb4j.ServiceInstance;
import io.lb4j.Subset;
import io.lb4j.balancer.InstanceReport.State;
import io.lb4j.balancer.Outlook.View;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes what calls within subsets read: a view of the same instances for each subset, judged as if those in it were all
 * there are. Lane only, but for {@link #undeclared}.
 */
final class SubsetViews {
    private final Eligibility eligibility;
    private final RoutingFactory routings;
    private final Function<Verdict, @Nullable Trials> trials;

    private Set<Subset> declared;
    private Map<Subset, View> views = Map.of();

    SubsetViews(
            Set<Subset> declared,
            Eligibility eligibility,
            RoutingFactory routings,
            Function<Verdict, @Nullable Trials> trials) {
        this.declared = declared;
        this.eligibility = eligibility;
        this.routings = routings;
        this.trials = trials;
    }

    /**
     * Each once, in the order they are declared: pickers are made in that order, some of which draw where they begin, so that the
     * same seed gives the same picks. {@code Set.copyOf} has another order in each process.
     */
    static Set<Subset> inOrder(Collection<Subset> subsets) {
        return Collections.unmodifiableSet(new LinkedHashSet<>(List.copyOf(subsets)));
    }

    /** Declares these and no others; to be followed by a {@link #refresh}. Returns whether that is news. */
    boolean declare(Set<Subset> subsets) {
        if (declared.equals(subsets)) {
            return false;
        }
        declared.stream().filter(each -> !subsets.contains(each)).forEach(routings::forget);
        declared = subsets;
        return true;
    }

    /**
     * Views of what is known now.
     *
     * @param whole what was made of all instances
     * @param view what calls without a subset read
     * @param described whether any instance changed in what discovery says of it, so that pickers are to be made anew
     */
    Map<Subset, View> refresh(Verdict whole, View view, boolean described, long nowNanos) {
        if (declared.isEmpty()) {
            views = Map.of();
            return views;
        }
        Map<Subset, View> next = new HashMap<>();
        for (Subset subset : declared) {
            next.put(subset, refresh(subset, whole, view, described, nowNanos));
        }
        views = next;
        return next;
    }

    private View refresh(Subset subset, Verdict whole, View view, boolean described, long nowNanos) {
        Verdict verdict = verdict(subset, whole, nowNanos);
        if (verdict == whole && subset.strategy() == null) {
            return view;
        }
        View before = views.get(subset);
        Routing known = described || before == null ? null : before.routing();
        if (before != null && known != null && verdict.sameRouting(known.levels, known.spares, before.trials())) {
            return new View(known, before.trials(), verdict, view.unknownDetail());
        }
        Trials theirs = trials.apply(verdict);
        return new View(
                verdict.levels.isEmpty() ? null : routings.make(subset, verdict, theirs),
                theirs,
                verdict,
                view.unknownDetail());
    }

    private Verdict verdict(Subset subset, Verdict whole, long nowNanos) {
        Predicate<ServiceInstance> who = who(subset, whole);
        InstanceState[] members = Arrays.stream(whole.all)
                .filter(each -> who.test(each.instance()))
                .toArray(InstanceState[]::new);
        return members.length == whole.all.length ? whole : among(whole, eligibility.judge(members, nowNanos), subset);
    }

    /** Who is meant: those in the subset, or those who stand in for it. */
    private static Predicate<ServiceInstance> who(Subset subset, Verdict whole) {
        if (subset.fallback() == Subset.Fallback.FAIL || isInhabited(whole, subset::contains)) {
            return subset::contains;
        }
        return subset.fallback() == Subset.Fallback.ANY_INSTANCE ? each -> true : subset::defaultContains;
    }

    private static boolean isInhabited(Verdict whole, Predicate<ServiceInstance> who) {
        for (InstanceState each : whole.all) {
            ServiceInstance instance = each.instance();
            if (!instance.isDraining() && who.test(instance)) {
                return true;
            }
        }
        return false;
    }

    /** The verdict on the members, with a line for each of the others. */
    private static Verdict among(Verdict whole, Verdict members, Subset subset) {
        Standing other = new Standing(State.OTHER_SUBSET, "not in " + subset);
        Standing[] standings = new Standing[whole.all.length];
        double[] weights = new double[whole.all.length];
        int next = 0;
        for (int i = 0; i < whole.all.length; i++) {
            boolean isMember = next < members.all.length && members.all[next] == whole.all[i];
            standings[i] = isMember ? members.standings[next] : other;
            weights[i] = isMember ? members.weights[next] : 0;
            next += isMember ? 1 : 0;
        }
        return new Verdict(
                whole.all,
                standings,
                weights,
                members.levels,
                members.spares,
                members.trials,
                members.failing,
                members.nextReturnNanos,
                members.ramping);
    }

    static boolean isRamping(Map<Subset, View> views) {
        for (View each : views.values()) {
            Verdict verdict = each.verdict();
            if (verdict != null && verdict.ramping) {
                return true;
            }
        }
        return false;
    }

    /** What was made of the subset, for people. */
    static String describe(Subset subset, View view) {
        Verdict verdict = view.verdict();
        if (verdict == null || isInhabited(verdict, subset::contains)) {
            return "subset " + subset;
        }
        return "subset " + subset + ", which is empty";
    }

    /**
     * A view for a call whose subset nobody declared, or that lived on while the subset was taken back: whoever is in it and may be picked,
     * at random. On any thread.
     */
    static View undeclared(Subset subset, View view, RandomGenerator random) {
        Verdict whole = view.verdict();
        if (whole == null) {
            return view;
        }
        Predicate<ServiceInstance> who = who(subset, whole);
        InstanceState[] members = Arrays.stream(whole.candidates())
                .filter(each -> who.test(each.instance()))
                .toArray(InstanceState[]::new);
        Standing other = new Standing(State.OTHER_SUBSET, "not in " + subset);
        Standing[] standings = whole.standings.clone();
        Arrays.setAll(standings, i -> who.test(whole.all[i].instance()) ? standings[i] : other);
        List<Verdict.Level> levels = members.length == 0
                ? List.of()
                : List.of(new Verdict.Level(0, 100, false, members, members, new double[members.length]));
        Verdict verdict = new Verdict(
                whole.all,
                standings,
                whole.weights,
                levels,
                new InstanceState[0],
                new Trial[0],
                whole.failing,
                whole.nextReturnNanos,
                whole.ramping);
        if (members.length == 0) {
            return new View(null, null, verdict, view.unknownDetail());
        }
        Routing now = view.routing();
        Picker picker = request -> members[at(request, members.length, random)];
        // Nobody's numbers are looked at: they may be changing at this moment.
        Routing routing = new Routing(
                members,
                0,
                levels,
                verdict.spares,
                null,
                now == null ? null : now.endpoints,
                picker,
                random,
                new StrategyFaults(error -> {}));
        return new View(routing, null, verdict, view.unknownDetail());
    }

    private static int at(PickRequest request, int size, RandomGenerator random) {
        return (int) Math.floorMod(request.hasHash() ? request.hash() : random.nextLong(), (long) size);
    }
}
