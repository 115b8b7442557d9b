import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Delayed messages, one JSON line each.
 * Arguments: send nameServer topic group output delays... (id:level|sec|ms|at|recall:number)
 *        or: receive nameServer topic group output count timeoutSeconds
 */
public class Delayed {
    static int run(String[] args) throws Exception {
        if (args[0].equals("send")) {
            send(args);
        } else {
            receive(args);
        }
        return 0;
    }

    private static void send(String[] args) throws Exception {
        DefaultMQProducer producer = Producers.start(args[1], args[3]);
        Producers.awaitRoute(producer, args[2]);
        try (PrintWriter out = new PrintWriter(args[4], "UTF-8")) {
            for (int i = 5; i < args.length; i++) {
                String[] delay = args[i].split(":");
                Message message = new Message(args[2], delay[0].getBytes(StandardCharsets.UTF_8));
                long sentMs = System.currentTimeMillis();
                set(message, delay[1], Long.parseLong(delay[2]), sentMs);
                SendResult result = producer.send(message);
                String handle = "";
                if (delay[1].equals("recall")) {
                    // Both are of 5.3.2; this program runs on 4.9.7 as well.
                    handle = (String) SendResult.class.getMethod("getRecallHandle").invoke(result);
                    Object id = DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class)
                        .invoke(producer, args[2], handle);
                    if (!result.getMsgId().equals(id)) {
                        throw new IllegalStateException("recalled " + id + " instead of " + result.getMsgId());
                    }
                }
                out.printf("{\"id\":\"%s\",\"status\":\"%s\",\"sentMs\":%d,\"handle\":\"%s\"}%n",
                    delay[0], result.getSendStatus(), sentMs, handle);
            }
        }
        producer.shutdown();
    }

    private static void set(Message message, String kind, long value, long nowMs) {
        switch (kind) {
            case "level":
                message.setDelayTimeLevel((int) value);
                break;
            case "sec":
                MessageAccessor.putProperty(message, "TIMER_DELAY_SEC", String.valueOf(value));
                break;
            case "at":
                MessageAccessor.putProperty(message, "TIMER_DELIVER_MS", String.valueOf(nowMs + value));
                break;
            default:
                MessageAccessor.putProperty(message, "TIMER_DELAY_MS", String.valueOf(value));
                break;
        }
    }

    private static void receive(String[] args) throws Exception {
        int count = Integer.parseInt(args[5]);
        long deadline = System.currentTimeMillis() + Long.parseLong(args[6]) * 1000;
        Set<String> seen = ConcurrentHashMap.newKeySet();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[3]);
        consumer.setNamesrvAddr(args[1]);
        consumer.setInstanceName("delayed-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(args[2], "*");
        try (PrintWriter out = new PrintWriter(args[4], "UTF-8")) {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                long nowMs = System.currentTimeMillis();
                for (MessageExt message : messages) {
                    String id = new String(message.getBody(), StandardCharsets.UTF_8);
                    seen.add(id);
                    synchronized (out) {
                        out.printf("{\"id\":\"%s\",\"cameMs\":%d}%n", id, nowMs);
                    }
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
            while (seen.size() < count && System.currentTimeMillis() < deadline) {
                Thread.sleep(50);
            }
            // What must not come, and what would come twice, has the time to.
            Thread.sleep(2000);
            consumer.shutdown();
        }
    }
}
