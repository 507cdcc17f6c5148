#!/bin/busybox sh
# First process of the guest. Everything outside memory is this machine's, read-only, over 9p;
# what the guest writes goes into memory, and results into the one folder that is lent for them.
set -e
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do
    insmod "$module" || echo "guest: $module does not load"
done
options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "ro,$options,cache=loose" host /host
mount -t tmpfs tmpfs /upper
mkdir /upper/changes /upper/work
mount -t overlay -o lowerdir=/host,upperdir=/upper/changes,workdir=/upper/work overlay /root
for folder in proc sys dev; do mount -o move "/$folder" "/root/$folder"; done
mkdir -p /root/dev/shm
for folder in run tmp dev/shm; do mount -t tmpfs tmpfs "/root/$folder"; done
mkdir /root/run/results
mount -t 9p -o "$options" results /root/run/results
ip link set lo up
read -r seconds _ </root/proc/uptime
echo "guest: this machine's files are mounted after $seconds s"
chroot /root /bin/sh /run/results/session.sh || echo "guest: session ended with $?"
sync
poweroff -f
