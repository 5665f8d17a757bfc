package io.lb4j.strategy;

import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;

/** Computes how even affinities are and what changes of the set move, from fixed seeds. */
final class AffinityFigures {
    static final int[] SIZES = {10, 100, 1000};

    /** Keys counted for each of the sizes; a rendezvous looks at every instance for every key. */
    static final int[] KEYS = {1_000_000, 1_000_000, 250_000};

    /** For what moves. */
    private static final long[] FEW = Homes.keys(20_000);

    /** One affinity's figures, by {@link #SIZES}. */
    record Row(List<Evenness> even, List<Double> oneGone, double percentGone, double tenthGone, double oneMore) {}

    private AffinityFigures() {}

    static String[] hosts(int n) {
        return Rig.instances(Rig.equal(n)).stream()
                .map(ServiceInstance::authority)
                .sorted()
                .toArray(String[]::new);
    }

    static HashRing ring(int n, int each) {
        int[] counts = new int[n];
        Arrays.fill(counts, each);
        return new HashRing(hosts(n), counts);
    }

    static Row of(AffinityStrategy affinity, IntFunction<Evenness> even, boolean ejected) {
        List<Evenness> evenness = new ArrayList<>();
        List<Double> oneGone = new ArrayList<>();
        for (int n : SIZES) {
            evenness.add(even.apply(n));
            oneGone.add(gone(affinity, n, 1, ejected));
        }
        return new Row(
                evenness,
                oneGone,
                gone(affinity, 1000, 10, ejected),
                gone(affinity, 1000, 100, ejected),
                oneMore(affinity, 1000));
    }

    static Evenness counted(AffinityStrategy affinity, int n) {
        int keys = n < 1000 ? KEYS[0] : KEYS[2];
        return Evenness.of(Homes.of(affinity, Rig.instances(Rig.equal(n))).counts(n, Homes.keys(keys)));
    }

    /** Which of all keys moved though their instance is still there. */
    private static double gone(AffinityStrategy affinity, int n, int leaving, boolean ejected) {
        List<ServiceInstance> all = Rig.instances(Rig.equal(n));
        Set<Integer> gone = chosen(n, leaving);
        Homes before = Homes.of(affinity, all);
        Homes after = ejected
                ? Homes.of(affinity, all, index -> !gone.contains(index))
                : Homes.of(
                        affinity,
                        all.stream()
                                .filter(each -> !gone.contains(Rig.index(each)))
                                .toList());
        int moved = 0;
        for (long key : FEW) {
            int home = before.first(key);
            if (!gone.contains(home) && after.first(key) != home) {
                moved++;
            }
        }
        return (double) moved / FEW.length;
    }

    /** Which of all keys moved, but not to the new one. */
    private static double oneMore(AffinityStrategy affinity, int n) {
        Homes before = Homes.of(affinity, Rig.instances(Rig.equal(n)));
        Homes after = Homes.of(affinity, Rig.instances(Rig.equal(n + 1)));
        int moved = 0;
        for (long key : FEW) {
            int home = after.first(key);
            if (home != n && home != before.first(key)) {
                moved++;
            }
        }
        return (double) moved / FEW.length;
    }

    private static Set<Integer> chosen(int n, int count) {
        if (count == 1) {
            return Set.of(n / 2);
        }
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            indices.add(i);
        }
        Collections.shuffle(indices, new Random(n));
        return new HashSet<>(indices.subList(0, count));
    }

    /** Which of all keys two processes place differently that saw the same instances go, one after the other. */
    static double anchorsDisagreement(int n, int leaving) {
        List<Integer> gone = new ArrayList<>(chosen(n, leaving));
        AnchorHash one = new AnchorHash(2 * n, n);
        gone.forEach(one::remove);
        Collections.shuffle(gone, new Random(1));
        AnchorHash other = new AnchorHash(2 * n, n);
        gone.forEach(other::remove);
        int different = 0;
        for (long key : FEW) {
            if (one.first(key) != other.first(key)) {
                different++;
            }
        }
        return (double) different / FEW.length;
    }

    /** The same with an order that everybody can know: which keys of others move when one more goes, in the middle. */
    static double anchorsMovesInOrder(int n, int leaving) {
        List<Integer> gone = new ArrayList<>(chosen(n, leaving));
        int late = gone.remove(0);
        Collections.sort(gone);
        AnchorHash before = new AnchorHash(2 * n, n);
        gone.forEach(before::remove);
        gone.add(late);
        Collections.sort(gone);
        AnchorHash after = new AnchorHash(2 * n, n);
        gone.forEach(after::remove);
        int moved = 0;
        for (long key : FEW) {
            int home = before.first(key);
            if (home != late && after.first(key) != home) {
                moved++;
            }
        }
        return (double) moved / FEW.length;
    }

    static Evenness anchor(int n) {
        AnchorHash anchor = new AnchorHash(2 * n, n);
        long[] counts = new long[n];
        for (long key : Homes.keys(KEYS[0])) {
            counts[anchor.first(key)]++;
        }
        return Evenness.of(counts);
    }
}
