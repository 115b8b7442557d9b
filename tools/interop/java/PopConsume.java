import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Push over pop: queues assigned by the broker. Consumes until a number of distinct messages succeeded and writes one JSON
 * line for each that did. Arguments: nameServer topic group count output mode (pop | retry) timeoutSeconds.
 */
public class PopConsume {
    public static void main(String[] args) {
        try {
            run(args);
        } catch (Throwable problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    private static void run(String[] args) throws Exception {
        int count = Integer.parseInt(args[3]);
        boolean fails = args[5].equals("retry");
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Set<String> failedOnce = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName("pop-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        // Only 5.x has it, and this file is compiled against 4.9.7, too.
        DefaultMQPushConsumer.class.getMethod("setClientRebalance", boolean.class).invoke(consumer, false);
        consumer.subscribe(args[1], "*");
        PrintWriter out = new PrintWriter(args[4], "UTF-8");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                int seq = Integer.parseInt(message.getUserProperty("seq"));
                if (fails && seq % 100 == 0 && failedOnce.add(message.getKeys())) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            record(out, messages, seen, count, done);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean complete = done.await(Long.parseLong(args[6]), TimeUnit.SECONDS);
        // Acknowledgements are on their way, and what comes now would be a duplicate.
        Thread.sleep(1500);
        consumer.shutdown();
        synchronized (out) {
            out.close();
        }
        System.exit(complete ? 0 : 3);
    }

    private static void record(PrintWriter out, List<MessageExt> messages, Set<String> seen, int count, CountDownLatch done) {
        synchronized (out) {
            for (MessageExt message : messages) {
                String body = new String(message.getBody(), StandardCharsets.UTF_8);
                out.printf("{\"seq\":%s,\"body\":\"%s\",\"topic\":\"%s\",\"reconsumeTimes\":%d,\"handle\":\"%s\"}%n",
                    message.getUserProperty("seq"), body, message.getTopic(), message.getReconsumeTimes(), message.getProperty("POP_CK"));
                seen.add(message.getUserProperty("seq"));
            }
            out.flush();
            if (seen.size() >= count) {
                done.countDown();
            }
        }
    }
}
