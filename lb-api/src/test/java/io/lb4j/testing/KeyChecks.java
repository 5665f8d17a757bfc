package io.lb4j.testing;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** That keys have homes. */
final class KeyChecks {
    private static final int KEYS = 5000;
    private static final int ATTEMPTS = 5;

    private KeyChecks() {}

    static void keysStay(Given given) {
        List<ServiceInstance> all = Instances.of(Instances.mixed(20));
        List<ServiceInstance> shuffled = Instances.shuffled(all, new SplittableRandom(given.seed()));
        try (Trial one = given.calm().set(all);
                Trial other = given.calm(given.strategy(), new SplittableRandom(~given.seed()))) {
            int[] homes = one.homes(KEYS);
            expectSame(homes, one.homes(KEYS), "when it was called again");
            one.counts(20, 1000, Outcome.SUCCESS);
            one.set(Instances.described(all, "anew"));
            expectSame(homes, one.homes(KEYS), "when discovery said something else of an instance");
            other.set(shuffled);
            expectSame(
                    homes, other.homes(KEYS), "in another process, where discovery lists instances in another order");
            expectSameAttempts(one, other);
            expectKeysEverywhere(homes, 20);
        }
    }

    private static void expectSame(int[] homes, int[] again, String when) {
        for (int i = 0; i < homes.length; i++) {
            if (homes[i] != again[i]) {
                throw new AssertionError(
                        "the home of key-" + i + " was instance " + homes[i] + ", but " + again[i] + " " + when);
            }
        }
    }

    private static void expectSameAttempts(Trial one, Trial other) {
        for (int i = 0; i < 50; i++) {
            List<Integer> here = attempts(one, i);
            List<Integer> there = attempts(other, i);
            if (!here.equals(there)) {
                throw new AssertionError(
                        "the attempts of a call with key-" + i + " went to instances " + here + ", but "
                                + there + " in another process, where discovery lists instances in another order;"
                                + " a picker that keeps keys should return the next in the key's order of preference"
                                + " when PickRequest.excludes() its first choice");
            }
        }
    }

    private static List<Integer> attempts(Trial trial, int key) {
        List<Integer> order = new ArrayList<>();
        PickRequest request = PickRequest.ofKey("key-" + key);
        for (int i = 0; i < ATTEMPTS; i++) {
            Lease lease = trial.start(request);
            lease.close(Outcome.IGNORED);
            order.add(Instances.number(lease.instance()));
            request = request.nextAttempt(lease.candidate());
        }
        return order;
    }

    private static void expectKeysEverywhere(int[] homes, int n) {
        long used = Arrays.stream(homes).distinct().count();
        if (used < n) {
            throw new AssertionError(homes.length + " keys have their homes on " + used + " of " + n
                    + " instances (expected: all of them)");
        }
    }

    static void keysReturn(Given given) {
        List<ServiceInstance> all = Instances.of(Instances.mixed(10));
        try (Trial trial = given.calm().set(all)) {
            int[] homes = trial.homes(KEYS);
            for (int gone = 0; gone < all.size(); gone++) {
                boolean drains = (gone & 1) == 1;
                trial.set(drains ? draining(all, gone) : Instances.without(all, gone));
                expectFewStrays(given, homes, trial.homes(KEYS), gone, drains ? "drained" : "was gone");
                trial.set(all);
                expectSame(homes, trial.homes(KEYS), "after instance " + gone + " had gone and come back");
            }
        }
    }

    private static List<ServiceInstance> draining(List<ServiceInstance> all, int index) {
        List<ServiceInstance> result = new ArrayList<>(all);
        result.set(index, all.get(index).toBuilder().weight(0).build());
        return result;
    }

    private static void expectFewStrays(Given given, int[] homes, int[] now, int gone, String what) {
        int others = 0;
        int moved = 0;
        for (int i = 0; i < homes.length; i++) {
            if (homes[i] != gone) {
                others++;
                moved += homes[i] == now[i] ? 0 : 1;
            }
        }
        if (moved > given.strays() * others) {
            throw new AssertionError("when instance " + gone + " " + what + ", " + moved + " of " + others
                    + " keys of other instances moved (expected: at most " + Math.round(given.strays() * others) + ")");
        }
    }
}
