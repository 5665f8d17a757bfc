package io.lb4j.scaling;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntBinaryOperator;

/**
 * How many instances there should be, as the Kubernetes horizontal pod autoscaler finds it. Not thread-safe.
 */
final class DesiredInstances {
    /** So that five instances at exactly the target don't make six by a rounding error. */
    private static final double ROUNDING = 1e-9;

    private record Wish(long at, int count) {}

    private final ScalingPolicy policy;
    private final Deque<Wish> wishes = new ArrayDeque<>();

    /** What was asked for, which may not be there yet: to ask for less is to scale in. Negative if nothing was. */
    private int asked = -1;

    DesiredInstances(ScalingPolicy policy) {
        this.policy = policy;
    }

    /**
     * The number for now, which is remembered for the windows.
     *
     * @param load the sum of the utilizations of those that serve
     * @param serving how many of them have one that is known
     * @param unknown how many others there are: out of order, or not known
     */
    int next(double load, int serving, int unknown, long nowNanos) {
        int current = serving + unknown;
        int wish = wish(load, serving, unknown);
        wishes.addLast(new Wish(nowNanos, wish));
        long longest = Math.max(
                policy.scaleOutWindow().toNanos(), policy.scaleInWindow().toNanos());
        while (nowNanos - wishes.getFirst().at > longest) {
            wishes.removeFirst();
        }
        int out = within(policy.scaleOutWindow().toNanos(), nowNanos, wish, Math::min);
        int in = within(policy.scaleInWindow().toNanos(), nowNanos, wish, Math::max);
        int stable = Math.min(Math.max(asked < 0 ? current : asked, out), in);
        asked = policy.bounded(stable);
        return asked;
    }

    private int within(long windowNanos, long nowNanos, int latest, IntBinaryOperator choose) {
        int chosen = latest;
        for (Wish each : wishes) {
            if (nowNanos - each.at <= windowNanos) {
                chosen = choose.applyAsInt(chosen, each.count);
            }
        }
        return chosen;
    }

    /** Of those that are not known the worst is assumed either way: idle if there are too few, at target if too many. */
    private int wish(double load, int serving, int unknown) {
        int current = serving + unknown;
        if (serving == 0) {
            return current;
        }
        double target = policy.target();
        double usage = load / (serving * target);
        if (isClose(usage)) {
            return current;
        }
        double assumed = usage > 1 ? load : load + unknown * target;
        double ratio = assumed / (current * target);
        if (isClose(ratio) || (usage > 1) != (ratio > 1)) {
            return current;
        }
        return (int) Math.min(Integer.MAX_VALUE, Math.ceil(assumed / target - ROUNDING));
    }

    private boolean isClose(double ratio) {
        return Math.abs(ratio - 1) <= policy.tolerance() + ROUNDING;
    }
}
