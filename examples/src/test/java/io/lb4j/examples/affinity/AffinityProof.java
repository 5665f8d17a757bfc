package io.lb4j.examples.affinity;

import io.lb4j.XxHash64;
import io.lb4j.affinity.redis.RedisAffinityStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Four client processes with 10,000 keys, three server processes and a Redis, each killed and started again while calls go
 * on. The servers' notes must show every key on one live server at a time, moved only when that was killed; no call may
 * fail; and Redis must know in the end where each key is. Exits with 1 if anything is otherwise.
 */
final class AffinityProof implements AutoCloseable {
    private static final int KEYS = 10_000;

    /** The others are first used when a server has died and is back. */
    private static final int EARLY_KEYS = 9_000;

    private static final int PER_SECOND = Integer.getInteger("affinity.rate", 700);
    private static final Pattern PROGRESS = Pattern.compile("calls (\\d+) slowest (\\d+)");

    private final Path work;
    private final String redisPort;
    private Child redis;
    private final Map<String, Child> servers = new LinkedHashMap<>();
    private final Map<String, String> ports = new LinkedHashMap<>();
    private final Map<String, List<KeyLog.Kill>> kills = new LinkedHashMap<>();
    private final Map<Integer, Child> clients = new LinkedHashMap<>();
    private final Map<Integer, Integer> keys = new LinkedHashMap<>();
    private final List<Path> clientLogs = new ArrayList<>();
    private final long start = System.nanoTime();
    private long slowestWithoutRedis;

    private AffinityProof(Path work) throws IOException, InterruptedException {
        this.work = work;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.redisPort = String.valueOf(free.getLocalPort());
        }
        startRedis();
    }

    /** The directory for logs and Redis' data. */
    public static void main(String[] args) throws Exception {
        boolean good;
        try (AffinityProof proof = new AffinityProof(Path.of(args[0]))) {
            proof.run();
            good = proof.judge();
        }
        System.exit(good ? 0 : 1);
    }

    private void run() throws IOException, InterruptedException {
        for (String server : List.of("a", "b", "c")) {
            startServer(server);
        }
        for (int i = 0; i < KeySet.PARTS; i++) {
            startClient(i, false);
        }
        everyKeyOf(clients.keySet().toArray(Integer[]::new));
        say("every key has been called with; client 0 and server b are killed, the client is started again");
        killClient(0);
        killServer("b");
        startClient(0, false);
        everyKeyOf(0, 1, 2, 3);
        say("server b is started again; client 1 is killed and started again, with " + (KEYS - EARLY_KEYS)
                + " new keys");
        startServer("b");
        killClient(1);
        startClient(1, true);
        everyKeyOf(0, 1, 2, 3);
        say("Redis is killed, with everything it has not written");
        Map<Integer, Integer> before = new LinkedHashMap<>();
        for (Integer client : clients.keySet()) {
            before.put(client, progress(client).size());
        }
        redis.kill();
        Thread.sleep(1_500);
        startRedis();
        say("Redis is started again from its own log; client 2 is killed and started again, with the new keys");
        Thread.sleep(2_500);
        for (Map.Entry<Integer, Integer> client : before.entrySet()) {
            List<MatchResult> all = progress(client.getKey());
            for (MatchResult each : all.subList(client.getValue(), all.size())) {
                slowestWithoutRedis = Math.max(slowestWithoutRedis, Long.parseLong(each.group(2)));
            }
        }
        killClient(2);
        startClient(2, true);
        everyKeyOf(2, 3);
    }

    private boolean judge() throws Exception {
        clients.values().forEach(Child::kill);
        long failed = 0;
        for (Path log : clientLogs) {
            for (String line : Files.readAllLines(log)) {
                if (line.startsWith("FAILED")) {
                    failed++;
                    System.out.println(log.getFileName() + ": " + line);
                }
            }
        }
        KeyLog log = new KeyLog();
        for (String server : ports.keySet()) {
            log.read(server, notes(server));
        }
        List<String> violations = log.violations(kills);
        violations.stream().limit(10).forEach(System.out::println);
        long elsewhere = elsewhere(log.last());
        System.out.printf("%n%-52s %,10d%n", "calls", log.calls());
        System.out.printf("%-52s %,10d%n", "failed calls", failed);
        System.out.printf("%-52s %,10d%n", "slowest call while Redis was away or starting, ms", slowestWithoutRedis);
        System.out.printf("%-52s %,10d%n", "keys", log.keys());
        System.out.printf("%-52s %,10d%n", "keys that several processes called with", log.shared());
        System.out.printf(
                "%-52s %,10d%n", "moves, all from a server that had been killed", log.moves() - violations.size());
        System.out.printf("%-52s %,10d%n", "moves from a server that was alive", violations.size());
        System.out.printf("%-52s %,10d%n", "keys that Redis has elsewhere in the end", elsewhere);
        System.out.printf("%-52s %10s%n", "keys of a server in the end", log.spread());
        boolean good = failed == 0
                && violations.isEmpty()
                && elsewhere == 0
                && log.keys() == KEYS
                && log.shared() == KEYS
                && log.moves() > KEYS / 10
                && log.spread().size() == ports.size()
                && log.processes().size() == KeySet.PARTS;
        System.out.println(good ? "as it must be" : "BROKEN");
        return good;
    }

    private long elsewhere(Map<Integer, String> last) throws Exception {
        long differing = 0;
        try (RedisAffinityStore store = RedisAffinityStore.create("redis://127.0.0.1:" + redisPort)) {
            String known = null;
            for (int i = 0; known == null && i < 100; i++) {
                Thread.sleep(50);
                known = claimed(store, 0);
            }
            for (Map.Entry<Integer, String> key : last.entrySet()) {
                differing += key.getValue().equals(claimed(store, key.getKey())) ? 0 : 1;
            }
        }
        return differing;
    }

    private static String claimed(RedisAffinityStore store, int key) throws InterruptedException {
        try {
            return store.claim("keys", XxHash64.hash(String.valueOf(key)), "nobody", null)
                    .toCompletableFuture()
                    .get(5, TimeUnit.SECONDS)
                    .instance();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            return null;
        }
    }

    /** Waits until these clients have called with all their keys once more than now. */
    private void everyKeyOf(Integer... numbers) throws IOException, InterruptedException {
        Map<Integer, Long> goals = new LinkedHashMap<>();
        for (int number : numbers) {
            goals.put(number, calls(number) + keys.get(number));
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!goals.isEmpty()) {
            if (System.nanoTime() - end > 0) {
                throw new IOException("clients " + goals.keySet() + " don't get on: "
                        + clients.get(goals.keySet().iterator().next()).output());
            }
            Thread.sleep(100);
            for (Integer number : List.copyOf(goals.keySet())) {
                if (calls(number) >= goals.get(number)) {
                    goals.remove(number);
                }
            }
        }
    }

    private long calls(int client) throws IOException {
        List<MatchResult> all = progress(client);
        return all.isEmpty() ? 0 : Long.parseLong(all.get(all.size() - 1).group(1));
    }

    private List<MatchResult> progress(int client) throws IOException {
        return PROGRESS.matcher(clients.get(client).output()).results().collect(Collectors.toList());
    }

    private void startRedis() throws IOException, InterruptedException {
        redis = Child.start(
                work.resolve("redis.log"),
                List.of(
                        "redis-server",
                        "--port",
                        redisPort,
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "yes",
                        "--dir",
                        work.toString()));
        for (int i = 0; i < 200; i++) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(redisPort)).close();
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
        throw new IOException("redis-server doesn't start: " + redis.output());
    }

    private Path notes(String server) {
        return work.resolve("server-" + server + ".notes");
    }

    private void startServer(String name) throws IOException, InterruptedException {
        Child server = Child.java(
                work.resolve("server-" + name + "-"
                        + kills.getOrDefault(name, List.of()).size() + ".log"),
                KeyServer.class,
                ports.getOrDefault(name, "0"),
                notes(name).toString());
        servers.put(name, server);
        ports.put(name, server.await(Pattern.compile("listening on (\\d+)")));
    }

    private void killServer(String name) {
        long sent = KeyServer.micros();
        servers.get(name).kill();
        kills.computeIfAbsent(name, each -> new ArrayList<>()).add(new KeyLog.Kill(sent, KeyServer.micros()));
    }

    private static String keysOf(int client, boolean late) {
        String own = "0-" + EARLY_KEYS + ":";
        return own + client + "," + own + (client + 1) % KeySet.PARTS + (late ? "," + EARLY_KEYS + "-" + KEYS : "");
    }

    private void startClient(int number, boolean late) throws IOException, InterruptedException {
        Path log = work.resolve("client-" + number + "-" + clientLogs.size() + ".log");
        clientLogs.add(log);
        Child client = Child.java(
                log,
                KeyClient.class,
                "client-" + number,
                "redis://127.0.0.1:" + redisPort,
                String.valueOf(PER_SECOND),
                ports.entrySet().stream()
                        .map(each -> each.getKey() + "=" + each.getValue())
                        .collect(Collectors.joining(",")),
                keysOf(number, late));
        clients.put(number, client);
        keys.put(number, KeySet.parse(keysOf(number, late)).size());
        client.await(PROGRESS);
    }

    private void killClient(int number) {
        clients.get(number).kill();
    }

    private void say(String what) {
        System.out.printf("%5.1f s  %s%n", (System.nanoTime() - start) / 1e9, what);
    }

    @Override
    public void close() {
        clients.values().forEach(Child::kill);
        servers.values().forEach(Child::kill);
        redis.kill();
    }
}
