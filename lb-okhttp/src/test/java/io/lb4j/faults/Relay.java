package io.lb4j.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import okio.ByteString;

/**
 * Ten relays in one process, each on an address of its own before one server, that pass on bytes later than they came: what
 * goes to a server is delayed, by a time that varies from chunk to chunk, in order as TCP's bytes are. What comes
 * back is not: the kernel's delay, which isn't to be had everywhere, would be on one side as well. A handshake isn't
 * delayed either, since the kernel does it. Commands on standard input: {@code INDEX MILLIS JITTER}; ends with it.
 */
final class Relay {
    private volatile int millis;
    private volatile int jitter;
    private final InetSocketAddress target;

    private Relay(InetSocketAddress target) {
        this.target = target;
    }

    static String address(int i) {
        return "127.0.0." + (31 + i);
    }

    public static void main(String[] args) throws IOException {
        Relay[] all = new Relay[Fleet.SIZE];
        for (int i = 0; i < all.length; i++) {
            Relay relay = new Relay(new InetSocketAddress(Fleet.address(i), Fleet.PORT));
            all[i] = relay;
            ServerSocket listening = new ServerSocket();
            listening.bind(new InetSocketAddress(address(i), Fleet.PORT), 256);
            FaultyServer.daemon(() -> relay.accept(listening));
        }
        System.out.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            int[] words = Arrays.stream(line.split(" ", -1))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            all[words[0]].jitter = words[2];
            all[words[0]].millis = words[1];
        }
    }

    private void accept(ServerSocket listening) {
        while (true) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket();
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                server.connect(target);
                BlockingQueue<Chunk> late = new LinkedBlockingQueue<>();
                FaultyServer.daemon(() -> receive(client, late));
                FaultyServer.daemon(() -> pass(late, client, server));
                FaultyServer.daemon(() -> back(server, client));
            } catch (IOException e) {
                // The server is gone, or the client is already.
            }
        }
    }

    /** Empty bytes are the end. */
    private record Chunk(ByteString bytes, long dueNanos) {}

    private void receive(Socket client, BlockingQueue<Chunk> late) {
        Random random = new Random();
        byte[] buffer = new byte[16 * 1024];
        long last = System.nanoTime();
        try {
            InputStream in = client.getInputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                int delay = millis == 0 ? 0 : millis - jitter + random.nextInt(2 * jitter + 1);
                last = Math.max(last, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delay));
                late.add(new Chunk(ByteString.of(buffer, 0, count), last));
            }
        } catch (IOException e) {
            // As if it had ended.
        }
        late.add(new Chunk(ByteString.EMPTY, last));
    }

    private static void pass(BlockingQueue<Chunk> late, Socket client, Socket server) {
        try (client;
                server) {
            OutputStream out = server.getOutputStream();
            for (Chunk next = late.take(); next.bytes.size() > 0; next = late.take()) {
                for (long left = next.dueNanos - System.nanoTime();
                        left > 0;
                        left = next.dueNanos - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                next.bytes.write(out);
            }
        } catch (IOException | InterruptedException e) {
            // One side went away, and so the other must.
        }
    }

    private static void back(Socket server, Socket client) {
        try (server;
                client) {
            server.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException e) {
            // The same.
        }
    }
}
